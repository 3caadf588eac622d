/*
 * conn.h -- a session with a socket: what the mail process starts.
 *
 * Ties a stream, a session and the autologout timer together. While nothing
 * happens a connection has no task and no buffers.
 *
 *   conn_start ──► RUNNING (a task in session_run) ──► RESTING ──┐
 *                     ▲  │                                       │
 *                     │  └─ over, left, or peer gone ──► on_end  │
 *                     └──────────── readable, wake, timer ───────┘
 */
#pragma once

#include "imap/session.h"
#include "imap/trace.h"
#include "task/task.h"

struct conn;

/* A client that has said UNAUTHENTICATE. */
struct conn_left {
	int fd;
	struct slice unread; /* what it has said since; valid during the call */
};

/*
 * Takes the descriptor and start->account over; io, wake and wake_arg of
 * start are not looked at. on_end is called once, on the loop, when the
 * session is over; after it the conn is gone. left: the descriptor is the
 * callee's; NULL: it is closed.
 */
struct conn *conn_start(struct loop *, int fd,
                        const struct session_start *start,
                        void (*on_end)(void *arg, const struct conn_left *left),
                        void *arg);

/* "* BYE text" as soon as the present command has ended, then the end.
 * text must stay valid. */
void conn_say_bye(struct conn *, const char *text);

/* The same, but a client that has not taken it after LIMIT_DISMISS_MS is cut
 * off, amid a command or not: it has no right to the rest. */
void conn_dismiss(struct conn *, const char *text);

/* The end at once, without a word: a peer that takes nothing. */
void conn_abort(struct conn *);

/* What is said from now on goes to the sink as lines, which outlives that;
 * NULL: no longer. Of input that came with the log-in, nothing. */
void conn_trace(struct conn *, const struct trace_sink *);

void conn_facts(const struct conn *, struct session_facts *out);
