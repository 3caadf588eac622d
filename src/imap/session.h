/*
 * session.h -- one authenticated IMAP session: bytes in, bytes out.
 *
 * A session has no socket and no clock of its own. It is driven by calling
 * session_run() in a task whenever there is input or something to tell; it
 * reads what is there now, runs every command that has arrived whole, and
 * returns. Between calls an idle session holds this struct, its view and
 * nothing else: no task, no buffers. The same function serves the server,
 * the tests, the fuzzers and the benchmarks.
 *
 *      session_new ──► session_run ──► SESSION_WAITING ──(input, wake)──┐
 *                        ▲   │                                          │
 *                        │   └──► SESSION_OVER, SESSION_LEFT            │
 *                        │             └──► session_free                │
 *                        └──────────────────────────────────────────────┘
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/slice.h"
#include "mailbox/account.h"
#include "mailbox/acl.h"

struct audit_recorder;
struct session;
struct visit_office;

struct session_io {
	/* What is there now; *got 0: nothing yet; ERR_CLOSED: no more will
	 * come. Never suspends. */
	struct err (*read)(void *ctx, void *to, size_t size, size_t *got);
	/* Takes all of it, or fails. */
	struct err (*write)(void *ctx, struct slice);
	void *ctx;
	/* The peer is slow: too much of it is still here. NULL: never. */
	bool (*is_full)(void *ctx);
	/* Suspends until that is over, or fails. */
	struct err (*wait)(void *ctx);
	/* The peer will say nothing more, and may have gone. NULL: never. */
	bool (*is_leaving)(void *ctx);
	/* Sees what client and server say, not compressed, command by
	 * command. NULL: nobody. */
	void (*tap)(void *ctx, bool client, struct slice);
};

/* What is the same for all sessions of the process; outlives them. */
struct session_config {
	const struct clock *clock;
	struct model *model;
	const struct visit_office *visits;     /* NULL: there are no others */
	const struct audit_recorder *recorder; /* NULL: none is kept */
	uint64_t message_limit_bytes;          /* APPENDLIMIT */
	uint64_t write_seconds;    /* conn.h: a client that takes nothing */
	uint64_t command_seconds;  /* of the processor; 0: no limit */
	uint64_t command_messages; /* MESSAGELIMIT; 0: no limit */
	struct slice hostname;
};

struct session_start {
	const struct session_config *config;
	struct session_io io;
	struct account *account; /* the session takes the reference over */
	/* A visit: who comes, and what the names here are to begin with. NULL:
	 * the owner. */
	const struct identity *visitor;
	struct slice prefix;
	struct slice session_id; /* copied, as all below */
	struct slice login_tag;  /* answered with OK [CAPABILITY ...] */
	struct slice peer;       /* for the log: "192.0.2.1:4711" */
	struct slice client_id;  /* ID before log-in, or "" */
	struct slice input;      /* read already behind the log-in command */
	struct slice hidden;     /* names of capabilities not to be told of,
	                            a space between them */
	bool read_only;          /* nothing can be changed */
	bool audited;            /* what it deletes is recorded (audit.h) */
	bool tls;
	/* called when session_run() should be called without input: something
	 * to tell while idling, or session_say_bye(). If it is running now,
	 * once more. */
	void (*wake)(void *arg);
	void *wake_arg;
};

struct session *session_new(const struct session_start *);
void session_free(struct session *); /* not while session_run is active */

/* LEFT: the client has said UNAUTHENTICATE and was told OK; it is there, and
 * somebody else's. RFC 8437 */
enum session_state { SESSION_WAITING, SESSION_OVER, SESSION_LEFT };

/* Never re-entered; the driver sees to it. Suspends. */
enum session_state session_run(struct session *);

/* What had been read behind UNAUTHENTICATE, when the session is LEFT. */
struct slice session_unread(const struct session *);

/* The session ends with "* BYE text" as soon as its command has ended. */
void session_say_bye(struct session *, const char *text);

/* For the log line at the end, `roost who` and autologout. */
struct session_facts {
	struct slice session_id;
	struct slice account_name;
	struct slice peer;
	struct slice client_id;
	struct slice owner; /* of the account; account_name's, but in a visit */
	struct slice mailbox;              /* "" when none is selected */
	struct slice visits[LIMIT_VISITS]; /* whose accounts it visits */
	size_t n_visits;
	const char *command; /* running or last: "FETCH", "IDLE" */
	int64_t since_s;     /* wall clock */
	uint64_t active_ms;  /* monotonic: when the last command ended */
	uint64_t commands;
	uint64_t bytes_in, bytes_out;
	uint64_t fetched; /* messages whose content was shown */
	bool tls;
	bool idling;
};

/* Slices are valid until the session runs again. */
void session_get_facts(const struct session *, struct session_facts *out);
