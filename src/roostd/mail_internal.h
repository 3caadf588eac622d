/* mail_internal.h -- the mail process as its files see it. */
#pragma once

#include "admin/serve_mail.h"
#include "base/network.h"
#include "imap/conn.h"
#include "imap/visit.h"
#include "ipc/link.h"
#include "ipc/parent.h"
#include "parse/pool.h"
#include "roostd/mail_process.h"
#include "roostd/tickets.h"
#include "task/timer.h"

enum { GATES_MOST = 256, SESSION_BUCKETS = 1024 };

struct mail_session {
	struct mail_session *next;
	struct mail_session *prev;
	struct mail *mail;
	struct conn *conn;
	uint64_t account;
	uint64_t credential;     /* that let it in, or 0 */
	struct mail_peer *gate;  /* that brought the client */
	uint64_t generation;     /* of its link, then */
	uint64_t relay;          /* there, to which it is bound; 0: none */
	char peer[ADDRESS_TEXT]; /* as gate told */
	uint16_t peer_port;
	bool tls;
	uint8_t terms;        /* enum term */
	uint64_t told_octets; /* of what was fetched, to auth */
	uint64_t told_messages;
};

/* A `roost trace` that looks on an account's sessions. */
struct mail_watch {
	struct mail_watch *next;
	uint64_t account;
	struct watcher watcher;
	struct trace_sink sink; /* to it */
};

/* A link to another process, and whose it is. */
struct mail_peer {
	struct mail *mail;
	struct link *link;
	uint64_t generation; /* rises with every new link in this place */
};

struct mail {
	struct loop *loop;
	const struct mail_options *options;
	struct mail_limits limits;
	struct partition *partition;
	struct model *model;
	struct parse_pool *parsers;
	struct digester digester; /* those */
	struct parent *parent;
	struct mail_peer auth;
	struct mail_peer gates[GATES_MOST];
	struct tickets tickets;
	struct mail_session *sessions[SESSION_BUCKETS]; /* by account */
	size_t n_sessions;
	struct mail_watch *watches;
	struct mail_visitor *visitors; /* of others, in our accounts */
	struct ask *asks;              /* of auth, not yet answered */
	uint64_t last_ask;
	struct visit_office office;
	struct audit_recorder recorder;
	struct grant_listener *listeners; /* sessions' */
	struct session_config session_config;
	struct admin_mail admin;
	struct timer reclaim;
	struct timer report;
	unsigned told_percent; /* of the disk */
	struct timer stop;
	bool stopping;
};

/* mail_sessions.c */
void mail_on_session(struct mail_peer *, struct frame_in *); /* takes its fd */
/* All sessions of an account, or (not 0) those that one credential let in,
 * end now (conn_dismiss). text stays valid. */
void mail_dismiss(struct mail *, uint64_t account, uint64_t credential,
                  const char *text);
/* fn may dismiss it. */
void mail_each_session(struct mail *,
                       void (*fn)(void *arg, struct mail_session *), void *arg);
/* All sessions end when their command has ended. */
void mail_say_bye(struct mail *, const char *text);
/* Without a word, those that did not go. */
void mail_abort_sessions(struct mail *);

/* As the log has it: "192.0.2.1:4711"; "" of one that is none. Valid until it
 * runs again. */
struct slice mail_session_peer(struct mail *, uint64_t account,
                               struct slice session_id);

/* mail_registry.c */
struct session_registry mail_registry(struct mail *);
/* Where the account's sessions are traced; NULL: nobody looks on. */
const struct trace_sink *mail_trace_of(const struct mail *, uint64_t account);

/* mail_asks.c: ASKED; false: a bad frame */
bool mail_on_asked(struct mail *, struct frame_in *);
void mail_fail_asks(struct mail *); /* auth has gone */
struct visit_office mail_office(struct mail *);
struct audit_recorder mail_recorder(struct mail *);

/* mail_visits.c: VISITOR, VISITOR_END, GRANTED; false: a bad frame */
bool mail_on_visit(struct mail *, struct frame_in *);
/* All visits to an account, or (0) to any, end. text stays valid. */
void mail_end_visits(struct mail *, uint64_t owner, const char *text);
/* Those to the account of that name; how many. text stays valid. */
uint64_t mail_kick_visits(struct mail *, struct slice owner, const char *text);
void mail_each_visit(struct mail *,
                     void (*fn)(void *arg, uint64_t owner, uint8_t terms),
                     void *arg);

/* mail_roll.c: ROLL_CALL, SESSION_END; false: a bad frame */
bool mail_on_roll(struct mail *, struct frame_in *);

/* mail_accounts.c: ACCOUNT_CREATE, ACCOUNT_DELETE, ACCOUNT_KICK, ALERT, SETTLE;
 * false: a bad frame */
bool mail_on_account(struct mail *, struct frame_in *);

/* mail_reports.c: to auth, from time to time and at a session's end */
void mail_reports_start(struct mail *);
void mail_report_disk(struct mail *); /* whatever was said before */
void mail_report_end(struct mail_session *);

/* mail_process.c: is it time to end? Called when a session has ended. */
void mail_check_end(struct mail *);
