/*
 * visit_internal.h -- the dialogue with a visit: what is said to it, and what
 * comes back, line by line.
 */
#pragma once

#include "base/buf.h"
#include "imap/visit.h"
#include "task/stream.h"
#include "task/task.h"

struct visit {
	struct visit *next; /* of the session's, the last used first */
	char *selected;     /* name of the mailbox selected there */
	char *prefix;       /* "Other Users/bob@example.org/" */
	struct stream *stream;
	struct wait_list waiting;
	struct buf in;    /* has been read */
	size_t taken;     /* of it, given out */
	uint32_t enabled; /* there */
	uint64_t heard;   /* the command of ours (its number) that it had last:
	                     what was new there was told with it */
};

/* What has been read of it and not taken. */
static inline struct slice visit_read(const struct visit *v)
{
	return slice_from(buf_slice(&v->in), v->taken);
}

/* A new one with the owner whose prefix that is, which belongs to the caller;
 * its greeting is on the way. ERR_NONEXISTENT, ERR_UNAVAILABLE. Suspends. */
struct err visit_open(struct session *, struct slice prefix, struct visit **);
void visit_free(struct visit *); /* does not suspend */

/* What is enabled here and not there; what it answers is not waited for. */
struct err visit_say_enable(struct session *, struct visit *);

/* Until it says something. ERR_CLOSED also when the client has gone. */
struct err visit_await(struct session *, struct visit *);

/* Has it said a whole line by now? Does not suspend. */
struct err visit_has_line(struct visit *, bool *has);

/* At rest it has no buffer. */
void visit_rest(struct visit *);

/* Nothing has been said to it: what it has said unasked is its farewell. */
bool visit_has_ended(struct visit *);

/* The line, or what else it has to say, begins so: the answer to `tag`. */
bool visit_is_tagged(struct slice line, struct slice tag);
/* What stands behind it there, in the command's arena. */
struct slice visit_said(struct session *, struct slice line, struct slice tag);

/* One response whose first line has been read: what of it is for the client
 * goes to it. ERR_CLOSED: the visit says good-bye. */
struct err visit_pass_line(struct session *, struct visit *, struct slice line,
                           uint64_t octets);

/* The next line of the answer to `tag`, which *ended says it is the last of.
 * Passes over what asks for our literals: they did not wait for it. */
struct err visit_next(struct session *, struct visit *, struct slice tag,
                      struct slice *line, uint64_t *octets, bool *ended);

/* Bytes of a command; suspends while too many are on their way. */
struct err visit_say(struct visit *, struct slice);

/* What has been said is a whole command with this tag: passes its responses on
 * to the client. *said: what is behind the tag, in the command's arena.
 * ERR_UNAVAILABLE: the visit has ended. */
struct err visit_answer(struct session *, struct visit *, struct slice tag,
                        struct slice *said);

/* OK, ERR_NO or ERR_SYNTAX: s->said is what the client is to be told. */
struct err visit_result(struct session *, struct slice said);

/* A line of a response, with its end; *octets of a literal follow it. Valid
 * until the next of these two calls. ERR_CLOSED, ERR_LIMIT. */
struct err visit_line(struct visit *, struct slice *line, uint64_t *octets);
/* Some of the octets that are left. */
struct err visit_octets(struct visit *, uint64_t *left, struct slice *out);

/* The rest of a response whose first line has been read goes to the client. */
struct err visit_pass(struct session *, struct visit *, struct slice line,
                      uint64_t octets);

/* Ends it amid its dialogue, because of that. */
struct err visit_leave(struct session *, struct visit *, struct err);

/* One of its own to whom the name belongs, until visit_leave(). */
struct err visit_aside(struct session *, struct slice name, struct visit **);

/* May what is selected there be moved away? ERR_NOPERM */
struct err visit_may_move(struct session *, struct visit *);

/* COPY and MOVE; either visit may be NULL, for our own (visit_copy.c). */
struct err visit_copy(struct session *, struct visit *from, struct visit *to,
                      struct slice args, bool move);
