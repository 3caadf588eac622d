/*
 * internal.h -- the auth process: what its files share.
 *
 * One struct auth, made by auth_main(), reached by everything. Directory
 * changes hold `changing`, so that adding, removing and the healing of what
 * an interruption left never meet.
 */
#pragma once

#include "auth/auth.h"
#include "auth/directory.h"
#include "auth/hashing.h"
#include "auth/verdict.h"
#include "ipc/link.h"
#include "ipc/protocol.h"
#include "task/timer.h"

enum { AUTH_PARTITIONS = 1024, USES_MOST = 512, USES_FLUSH_MS = 5000 };

/* A gate or a mail process at the other end of a link. A task that will
 * answer it holds a reference; `link` is NULL once it has gone. */
struct peer {
	struct peer *next; /* of all with a link */
	struct auth *auth;
	struct link *link;
	uint32_t index;
	unsigned references;
	struct held *held; /* of a mail process (held.c) */
	struct held **held_last;
};

/* A question to a mail process that a task waits for (calls.c). */
struct call {
	struct call *next;
	uint64_t request;
	uint32_t partition;
	bool done;
	enum err_code code;
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
	struct verdicts *verdicts;
	struct hashing hashing;
	char dummy[PASSWORD_STORED]; /* a stored password that nobody has */
	size_t dummy_len;
	uint32_t partitions; /* does not change with the options */
	struct link *parent;
	struct peer *peers;
	struct peer *mail[AUTH_PARTITIONS]; /* NULL: not there */
	struct control_listener *control;
	unsigned controls; /* connections */
	struct call *calls;
	uint64_t last_request;
	struct task_mutex changing;
	struct uses uses;
	unsigned working; /* log-ins that wait for a hash */
	struct wait_list idle;
	bool stopping;
	uint64_t logins;
	uint64_t failures;
};

/* -- peers (auth.c) -- */

struct peer *peer_keep(struct peer *);
void peer_release(struct peer *);

/* NULL: that partition isn't served now. */
struct peer *auth_mail_peer(struct auth *, uint32_t partition);
struct link *auth_mail(struct auth *, uint32_t partition);

void auth_bad_frame(const char *from, const struct frame_in *);

/* One of `working` less. */
void auth_work_ends(struct auth *);

/* -- verdicts that wait (held.c) -- */

/* Sends f to gate, which may have gone, once nothing is queued for mail. The
 * frame is freed. */
void held_send(struct peer *mail, struct peer *gate, struct frame_out *f);

/* Nothing is queued for mail any more, or it has gone. */
void held_release(struct peer *mail);

/* -- log-in and look-up of recipients (verify.c, lookup.c) -- */

/* A frame of gate; false when it does not parse. */
bool verify_frame(struct peer *gate, struct frame_in *);
bool lookup_frame(struct peer *gate, struct frame_in *);

/* A credential was used now; suspends never. */
void uses_note(struct auth *, uint64_t credential);
void uses_flush(struct auth *); /* suspends */

/* -- questions to mail processes (calls.c) -- */

/* Sends f, which call_begin() began, and waits for the answer. ERR_UNAVAILABLE
 * when the process is not there or goes away. Suspends. */
void call_begin(struct auth *, struct call *, struct frame_out *f,
                uint16_t type);
struct err call_mail(struct auth *, struct call *, uint32_t partition,
                     struct frame_out *f);
bool call_answer(struct auth *, struct frame_in *);
void calls_fail(struct auth *, uint32_t partition);

/* -- accounts (accounts.c): directory and partition together; suspend -- */

struct err account_add(struct auth *, struct slice name, struct slice secret);
struct err account_add_shared(struct auth *, struct slice name);
struct err account_remove(struct auth *, struct slice name);
struct err account_enable(struct auth *, struct slice name, bool on);
struct err account_password(struct auth *, struct slice name,
                            struct slice secret);

/* What an interrupted add or remove left in this partition is taken away. */
void accounts_heal(struct auth *, uint32_t partition);

/* -- visits and groups (visits.c) -- */

/* VISIT, OWNERS or GRANT; false when it does not parse. */
bool visit_frame(struct peer *mail, struct frame_in *);

/* The account is in the group from now on, or no longer. ERR_ABSENT,
 * ERR_SYNTAX, ERR_LIMIT. Suspends. */
struct err group_change(struct auth *, struct slice group, struct slice name,
                        bool in);

/* -- what is hidden from whom (hiding.c) -- */

/* scope: "", "@domain" or an account's name. ERR_ABSENT: no such one, or it
 * isn't hidden there; ERR_SYNTAX. Suspends. */
struct err capability_hide(struct auth *, struct slice scope,
                           struct slice capability, bool hide);

/* -- the control socket (control.c) -- */

struct control_listener *control_listen(struct auth *, int fd);
void control_listener_free(struct control_listener *);
