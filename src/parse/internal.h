/*
 * internal.h -- jobs and parsers, shared by:
 *
 *	pool.c    what is to be done, by whom, and how it ended
 *	parser.c  one parser: its link, its jobs, its end
 *
 * Invariants:
 * 1. A job that has been sent is in the list of exactly one parser; when that
 *    one ends, each of its jobs is to be sent again, or is guilty.
 * 2. A parser is freed when it has ended and no task is using it: a task that
 *    is suspended while it sends holds a reference.
 * 3. Of the messages in several pieces a parser has one of ours at a time,
 *    so what it needs is bounded; small ones pass between the pieces.
 */
#pragma once

#include "base/limits.h"
#include "ipc/link.h"
#include "ipc/protocol.h"
#include "parse/page.h"
#include "parse/pool.h"
#include "task/timer.h"

enum {
	BATCH_ENOUGH = LIMIT_FRAME / 2, /* octets, then a frame is sent */
};

enum job_state {
	JOB_WAITS, /* for a parser: new, or its parser died at other work */
	JOB_SENT,
	JOB_DONE,
	JOB_GUILTY, /* its parser died of it, or lied about it */
	JOB_FAILED, /* its message can't be read */
};

struct digest_job {
	struct digest_job *next; /* in its parser's list */
	struct parse_pool *pool;
	struct digest_source source;
	struct parser *parser; /* NULL unless it has been sent */
	uint64_t id;
	enum job_state state;
	unsigned int tries;
	bool cancelled; /* nobody waits for it */
	struct buf digest;
	struct err e;
	struct wait_list waiting;
};

struct parser {
	struct parse_pool *pool;
	uint32_t index;
	uint32_t refs;
	struct link *link;
	const struct parse_page *page;
	struct digest_job *jobs; /* oldest first */
	struct digest_job **last_job;
	uint32_t n_jobs;
	uint32_t n_batched; /* of them, those in the batch */
	bool condemned;     /* nothing more is heard from it */
	bool ended;
	uint64_t progress_ms;   /* when it was last seen to do something */
	struct frame_out batch; /* whole messages, not sent yet; or no bytes */
	struct task_mutex sending; /* whoever adds to the batch, or sends it */
	struct task_mutex stream;  /* invariant 3 */
};

struct parse_pool {
	struct loop *loop;
	struct parse_pool_options options;
	struct parser *parsers[PARSERS_MOST]; /* NULL: not running */
	struct wait_list arrivals;
	struct timer watch;
	uint64_t last_id;
	bool has_batch; /* some parser has one */
	struct parse_pool_stats stats;
};

/* -- parser.c -- */

/* NULL: no memory can be shared with it; fd stays the caller's. */
struct parser *parser_new(struct parse_pool *, uint32_t index, int fd);

/* Its link has closed, or another has taken its place. */
void parser_end(struct parser *);

/* Asks the parent to end it. */
void parser_condemn(struct parser *, const char *why);

/* All of the job's message; returns early when the parser ends. Suspends. */
void parser_send(struct parser *, struct digest_job *);

/* What has gathered in this turn of the loop, if the link has room. */
void parser_flush(struct parser *);

/* It has work to do and was not seen to do any for so long. */
bool parser_hangs(const struct parser *, uint64_t now_ms, uint32_t hang_ms);

void job_free(struct digest_job *); /* no parser has it */
