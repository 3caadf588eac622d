/* mail_internal.h -- the mail process as its files see it. */
#pragma once

#include "admin/serve_mail.h"
#include "imap/conn.h"
#include "imap/visit.h"
#include "ipc/link.h"
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
	struct mail_peer *gate; /* that brought the client */
	uint64_t generation;    /* of its link, then */
	uint64_t relay;         /* there, to which it is bound; 0: none */
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
	struct link *parent;      /* NULL: gone */
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
	struct session_config session_config;
	struct admin_mail admin;
	struct timer reclaim;
	struct timer stop;
	bool stopping;
};

/* mail_sessions.c */
void mail_on_session(struct mail_peer *, struct frame_in *); /* takes its fd */
/* All sessions of an account end now (conn_dismiss). text stays valid. */
void mail_dismiss(struct mail *, uint64_t account, const char *text);
/* All sessions end when their command has ended. */
void mail_say_bye(struct mail *, const char *text);
/* Without a word, those that did not go. */
void mail_abort_sessions(struct mail *);
struct session_registry mail_registry(struct mail *);

/* mail_visits.c: ASKED, VISITOR, VISITOR_END; false: a bad frame */
bool mail_on_visit(struct mail *, struct frame_in *);
void mail_fail_asks(struct mail *); /* auth has gone */
/* All visits to an account, or (0) to any, end. text stays valid. */
void mail_end_visits(struct mail *, uint64_t owner, const char *text);
struct visit_office mail_office(struct mail *);

/* mail_accounts.c: ACCOUNT_CREATE, ACCOUNT_DELETE, ACCOUNT_KICK; false: a
 * bad frame */
bool mail_on_account(struct mail *, struct frame_in *);

/* mail_process.c: is it time to end? Called when a session has ended. */
void mail_check_end(struct mail *);
