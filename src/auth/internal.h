/*
 * internal.h -- the auth process: what its files share.
 *
 * One struct auth, made by auth_main(), reached by everything. Directory
 * changes hold `changing`, so that adding, removing and the healing of what
 * an interruption left never meet.
 */
#pragma once

#include "auth/acceptor.h"
#include "auth/auth.h"
#include "auth/hashing.h"
#include "auth/verdict.h"
#include "base/authorities.h"
#include "directory/directory.h"
#include "guard/audit.h"
#include "guard/certificate_dates.h"
#include "guard/history.h"
#include "ipc/link.h"
#include "ipc/parent.h"
#include "ipc/protocol.h"
#include "ipc/requests.h"
#include "task/timer.h"

enum {
	AUTH_PARTITIONS = 1024,
	LISTENERS_OF_AUTH = 64,
	USES_MOST = 512,
	USES_FLUSH_MS = 5000,
};

/* A gate or a mail process at the other end of a link. A task that will
 * answer it holds a reference; `link` is NULL once it has gone. */
struct peer {
	struct peer *next; /* of all with a link */
	struct auth *auth;
	struct link *link;
	uint32_t index;
	bool is_gate;
	unsigned references;
	struct held *held; /* of a mail process (held.c) */
	struct held **held_last;
	struct requests exchanges; /* of a gate: whose client is to answer */
};

/* A question to a mail process that a task waits for (calls.c). */
struct call {
	struct call *next;
	uint64_t request;
	uint32_t partition;
	bool done;
	enum err_code code;
	uint32_t uidvalidity; /* that the answer has */
	struct wait_list waiting;
};

/* When credentials were last used, kept back to write many at once. */
struct uses {
	struct credential_use v[USES_MOST];
	size_t n;
	struct timer timer;
};

struct auth {
	struct loop *loop;
	const struct auth_options *options;
	struct directory *directory;
	struct audit *audit;
	struct verdicts *verdicts;
	struct hashing hashing;
	struct Gsasl *gsasl;
	struct issuers *issuers;     /* of tokens (issuers.h) */
	char dummy[PASSWORD_STORED]; /* a stored password that nobody has */
	size_t dummy_len;
	uint32_t partitions; /* does not change with the options */
	struct parent *parent;
	struct peer *peers;
	struct peer *mail[AUTH_PARTITIONS]; /* NULL: not there */
	struct peer *outside;               /* the same */
	struct requests asked;              /* of it */
	struct acceptor *listeners[LISTENERS_OF_AUTH];
	size_t n_listeners;
	unsigned controls; /* connections */
	struct dovecot *dovecots;
	unsigned n_dovecots;
	uint32_t last_dovecot;
	struct call *calls;
	uint64_t last_request;
	struct task_mutex changing;
	struct uses uses;
	struct countries *countries; /* NULL: there is no data of them */
	struct timer expiry;         /* looks for what has expired since */
	int64_t expired_s;
	int64_t app_passwords_ended_s; /* up to then (app_password.h) */
	struct limits *limits;         /* attempt_limit.c */
	struct history *history;       /* the same */
	struct timer flush;            /* of both */
	bool is_flush_due;
	struct timer lockouts; /* counts them while there are any */
	unsigned working;      /* log-ins that wait for a hash */
	struct wait_list idle;
	bool stopping;
	uint64_t logins;
	uint64_t failures;
	uint64_t refused_unseen; /* of failures: by the limits */
	uint64_t history_lost;   /* rows */
	struct certificate_dates certificates;
	struct alerts *alerts;          /* alerts.h */
	struct authorities authorities; /* of clients' certificates */
};

/* -- peers (peers.c) -- */

/* In place of the one that was there, if there can be only one. Takes the fd
 * over; false, and it is the caller's: there is no such process. */
bool peer_add(struct auth *, uint8_t role, uint32_t index, int fd);
void peers_close(struct auth *);

struct peer *peer_keep(struct peer *);
void peer_release(struct peer *);

/* ASKED, to a mail process that may have gone (visits.c). Takes fd. */
void peer_answer(struct peer *mail, uint64_t request, struct err, int fd);
/* ERR_CORRUPT: the account is of another partition. */
struct err peer_speaks_for(const struct peer *mail, uint64_t account);

/* NULL: that partition isn't served now. */
struct peer *auth_mail_peer(struct auth *, uint32_t partition);
struct link *auth_mail(struct auth *, uint32_t partition);

/* One of `working` less (auth.c). */
void auth_work_ends(struct auth *);

/* -- verdicts that wait (held.c) -- */

/* Sends f to gate, which may have gone, once nothing is queued for mail. The
 * frame is freed. */
void held_send(struct peer *mail, struct peer *gate, struct frame_out *f);

/* Nothing is queued for mail any more, or it has gone. */
void held_release(struct peer *mail);

/* -- log-in and look-up of recipients (attempt_gate.c, lookup.c) -- */

/* Frames of gate; false when they don't parse. */
bool attempt_verify(struct peer *gate, struct frame_in *);
bool attempt_response(struct peer *gate, struct frame_in *);
bool attempt_cancel(struct peer *gate, struct frame_in *);
bool lookup_frame(struct peer *gate, struct frame_in *);

/* ERR_CONTACTADMIN: its policies say that mail is to wait. */
struct err lookup_deferred(struct auth *, struct slice name);

/* What scram.c keeps for the process; NULL: GNU SASL refuses. */
struct Gsasl *scram_context_new(void);
void scram_context_free(struct Gsasl *);

/* A credential was used now, from this address; suspends never. */
void uses_note(struct auth *, uint64_t credential, struct slice address);
void uses_flush(struct auth *); /* suspends */

/* -- questions to mail processes (calls.c) -- */

/* Sends f, which call_begin() began, and waits for the answer. ERR_UNAVAILABLE
 * when the process is not there or goes away. Suspends. */
void call_begin(struct auth *, struct call *, struct frame_out *f,
                uint16_t type);
struct err call_mail(struct auth *, struct call *, uint32_t partition,
                     struct frame_out *f);
/* All that was sent there before has been obeyed. ERR_UNAVAILABLE: it does not
 * answer. Suspends. */
struct err call_settle(struct auth *, uint32_t partition);
struct err calls_settle(struct auth *); /* in all of them */
bool call_answer(struct auth *, struct frame_in *);
void calls_fail(struct auth *, uint32_t partition);

/* -- accounts (accounts.c): directory and partition together; suspend -- */

struct err account_add(struct auth *, struct slice name, struct slice secret);
/* stored: as another server has kept it ("{SCHEME}hash"). ERR_SYNTAX: no
 * password can be compared with that. */
struct err account_add_stored(struct auth *, struct slice name,
                              struct slice stored);
struct err account_add_shared(struct auth *, struct slice name);
/* stored: which source has it. One that is there already is fine. */
struct err account_add_of_source(struct auth *, struct slice name,
                                 struct slice stored, uint64_t quota_bytes);
struct err account_remove(struct auth *, struct slice name);
struct err account_enable(struct auth *, struct slice name, bool on);
/* Of its domain. ERR_NOTNOW: nobody logs in to it. */
struct err account_administrator(struct auth *, struct slice name, bool on);
struct err account_password(struct auth *, struct slice name,
                            struct slice secret);
struct err account_password_stored(struct auth *, struct slice name,
                                   struct slice stored);

/* By any form of its name, whatever its state. */
struct err account_find(struct auth *, struct slice name,
                        struct account_row *out);

/* Its sessions end, or (not 0) those that one credential let in, soon.
 * ERR_UNAVAILABLE: they go on. */
struct err account_kick(struct auth *, uint64_t account, uint64_t credential);
/* Those that were to end begin no command any more. ERR_UNAVAILABLE: they may.
 * Suspends; `changing` is not held, for a partition may be slow. */
struct err account_settle(struct auth *, uint64_t account);

/* What an interrupted add or remove left in this partition is taken away. */
void accounts_heal(struct auth *, uint32_t partition);

/* -- entries of the audit log (audited.c) -- */

/* AUDIT; false when it does not parse. */
bool audit_frame(struct peer *mail, struct frame_in *);

/* -- visits and groups (visits.c) -- */

/* VISIT, OWNERS or GRANT; false when it does not parse. */
bool visit_frame(struct peer *mail, struct frame_in *);

/* The account is in the group from now on, or no longer. ERR_ABSENT,
 * ERR_SYNTAX, ERR_LIMIT. Suspends. */
struct err group_change(struct auth *, struct slice group, struct slice name,
                        bool in);

/* -- of whom something is said (scope.c) -- */

/* Appends "", "@domain" or an account's name in normal form. ERR_ABSENT: there
 * is none; ERR_SYNTAX. */
struct err scope_normal(struct auth *, struct slice scope, struct buf *out);

/* -- what is hidden from whom (hiding.c) -- */

/* scope: "", "@domain" or an account's name. ERR_ABSENT: no such one, or it
 * isn't hidden there; ERR_SYNTAX. Suspends. */
struct err capability_hide(struct auth *, struct slice scope,
                           struct slice capability, bool hide);

/* To a gate: what is hidden from all. A new one takes none for that. */
void hidden_tell(struct peer *, bool changed);

/* -- policies (policies.c) -- */

/* From now on. ERR_ABSENT: no such scope, or nothing is set there; ERR_SYNTAX:
 * the text says what a value is. They suspend. */
struct err policy_set(struct auth *, struct slice scope, struct slice name,
                      struct slice value);
struct err policy_unset(struct auth *, struct slice scope, struct slice name);
extern const char policy_unknown[]; /* of a name that is no policy's */

/* -- who would not be let in now (roll_call.c) -- */

/* Who is of that scope (normal form) is looked at, and sent away; or whoever
 * is in a partition. */
void roll_call(struct auth *, struct slice scope);
/* As account_settle(). */
struct err roll_call_settle(struct auth *, struct slice scope);
void roll_call_partition(struct peer *mail);
/* PRESENT; false when it does not parse. */
bool roll_call_present(struct peer *mail, struct frame_in *);
/* From now on, and anew when there is something else that expires. */
void roll_call_watch_expiry(struct auth *);

/* -- the control socket (control.c) -- */

/* A connection; arg is the struct auth. */
void control_accept(void *arg, int fd);

/* -- the socket of mail transfer agents (dovecot.c) -- */

void dovecot_accept(void *arg, int fd);
void dovecot_close_all(struct auth *);
