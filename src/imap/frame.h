/*
 * frame.h -- from bytes in any chunks to whole commands.
 *
 * The only place that knows that bytes arrive in pieces. It gathers a line;
 * when the line announces a literal it asks where that goes, takes its
 * octets, and goes on with the next line, until a line ends without one.
 *
 *              ┌──────────────── octets taken ────────────────┐
 *              ▼                                              │
 *   LINE ──(ends in {n})──► hook ──► TEXT    into the command │
 *     │                       ├────► STREAM  into a message ──┤
 *     │                       └────► refused: synchronising ──┼─► whole
 *     │                                       {n+}: SKIP ─────┘
 *     └──(ends without)──────────────────────────────────────────► whole
 *
 * A command with something wrong (too long, a refused literal) is gathered
 * to its end like any other, but only its beginning is kept: enough to find
 * its tag and to answer with the error.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A literal that has been announced. */
struct frame_literal {
	struct slice text; /* the command before it */
	uint64_t size;
	bool sync; /* the client waits for "+" */
	bool literal8;
};

enum frame_sink {
	FRAME_TEXT,
	FRAME_TEXT8, /* into the text, and may be a literal8 */
	FRAME_STREAM,
};

struct frame_hooks {
	/* Where it goes, or the error the command ends with. */
	struct err (*literal)(void *ctx, const struct frame_literal *,
	                      enum frame_sink *);
	/* The client waits for "+" and may have it. */
	void (*go_ahead)(void *ctx);
	/* Octets of a literal that goes to FRAME_STREAM, in order. */
	struct err (*octets)(void *ctx, struct slice);
	/* All of them have been given. */
	struct err (*end)(void *ctx);
	void *ctx;
};

enum frame_state { FRAME_LINE, FRAME_IN_TEXT, FRAME_IN_STREAM, FRAME_SKIP };

struct framer {
	const struct frame_hooks *hooks;
	enum frame_state state;
	struct buf text;   /* the command so far */
	size_t line;       /* octets of it that are not literals */
	size_t line_start; /* where in text the present line begins */
	size_t kept;       /* with an error: so much of text stays */
	uint64_t left;     /* octets of the literal that are to come */
	struct err e;
};

void frame_init(struct framer *, const struct frame_hooks *);
void frame_fini(struct framer *);

/*
 * Takes bytes from *input (and steps over them) until a command is whole or
 * there are no more; true: whole. Its text is in `text`, without its line
 * end; what is wrong with it in `e`. The command is valid until
 * frame_next(), which must be called before feeding on. May suspend, where
 * its hooks do.
 */
bool frame_feed(struct framer *, struct slice *input);
void frame_next(struct framer *);

/* Nothing of a command has arrived. */
bool frame_is_idle(const struct framer *);
