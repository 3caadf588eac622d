/*
 * pool.h -- the parse processes as a mail process sees them: a digester
 * (mime/digester.h) whose hands may die.
 *
 *   begin ──► sent to the parser with the least to do ──► answered ──► done
 *               │  ▲                                        └► nonsense ─┐
 *       it died │  └ on another, or the next of its kind                 │
 *               ├─ while at something else: again ───────────┘           │
 *               └─ while at this one ──► opaque ◄────────────────────────┘
 *
 * A message that has ended a parser is not given to another.
 */
#pragma once

#include "mime/digester.h"
#include "task/task.h"

enum { PARSERS_MOST = 256 };

struct parse_pool_options {
	uint32_t parsers; /* that there are to be */
	uint32_t hang_ms; /* without a sign of life, with work to do */
	uint32_t wait_ms; /* for a parser, when there is none */
	/* Asks for the end of one that is no good. */
	void (*condemn)(void *arg, uint32_t index);
	void *arg;
};

struct parse_pool;

struct parse_pool *parse_pool_new(struct loop *,
                                  const struct parse_pool_options *);
void parse_pool_free(struct parse_pool *); /* every job has ended */

/* A link to parser `index`, in place of the one before. Takes fd over; false:
 * it is none of ours and stays the caller's. */
bool parse_pool_add(struct parse_pool *, uint32_t index, int fd);

struct digester parse_pool_digester(struct parse_pool *);

struct parse_pool_stats {
	uint64_t parsed;
	uint64_t unparsed; /* given up: opaque */
};

struct parse_pool_stats parse_pool_stats(const struct parse_pool *);
bool parse_pool_is_serving(const struct parse_pool *, uint32_t index);
