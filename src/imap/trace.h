/*
 * trace.h -- what client and server say to each other, as lines.
 *
 * Fed with the octets of both directions, in any chunks, it gives lines in
 * the form of the transcripts: "C: a1 NOOP", "S: a1 OK NOOP completed". What
 * can't be printed is "\xNN". Of a literal it says how long it is ("# 2048
 * octets") unless text is wanted, and nothing of a PREVIEW; what stands behind
 * LOGIN or AUTHENTICATE is never shown.
 *
 *	LINE ──(ends in {n})──► LITERAL ──(n octets)──► LINE
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct trace_sink {
	/* A line without its end; who it is about is the session's id. */
	void (*line)(void *ctx, struct slice session_id, struct slice line);
	void *ctx;
	bool text; /* literals too, and PREVIEW */
};

/* One direction. */
struct trace_way {
	char who;        /* 'C', 'S' */
	struct buf line; /* at most TRACE_LINE octets of it */
	bool cut;        /* it was longer: some before TRACE_TAIL is missing */
	bool middle;     /* it goes on behind a literal */
	bool secret;     /* the command is one with credentials */
	uint64_t left;   /* octets of a literal that are to come */
	uint64_t size;   /* of that literal */
};

enum { TRACE_LINE = 8192, TRACE_TAIL = 32 /* octets, for "{n}" */ };

struct trace {
	const struct trace_sink *sink;
	struct trace_way client;
	struct trace_way server;
	bool answered; /* the client has said what answers AUTHENTICATE */
};

/* The sink outlives it. */
void trace_init(struct trace *, const struct trace_sink *);
void trace_fini(struct trace *);

void trace_feed(struct trace *, struct trace_way *, struct slice session_id,
                struct slice bytes);
