/*
 * pool.c -- jobs from beginning to end: who gets them, who is tried next.
 */
#include "parse/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/counter.h"
#include "base/mem.h"
#include "mime/digest_check.h"
#include "parse/internal.h"

enum {
	TRIES_MOST = 5, /* after the first: parsers die over others' work */
	WATCH_MS = 500,
};

/* -- from time to time -- */

static void on_watch(void *arg)
{
	struct parse_pool *pool = arg;
	uint64_t now_ms = loop_now_ms(pool->loop);
	bool again = false;

	for (uint32_t i = 0; i < pool->options.parsers; i++) {
		struct parser *p = pool->parsers[i];

		if (p == NULL)
			continue;
		again |= p->jobs != NULL;
		if (parser_hangs(p, now_ms, pool->options.hang_ms))
			parser_condemn(p, "it hangs");
	}
	if (again)
		timer_start(&pool->watch, pool->loop, WATCH_MS, on_watch, pool);
}

static void start_watch(struct parse_pool *pool)
{
	if (pool->watch.loop == NULL)
		timer_start(&pool->watch, pool->loop, WATCH_MS, on_watch, pool);
}

static void before_sleep(void *arg)
{
	struct parse_pool *pool = arg;

	if (!pool->has_batch)
		return;
	pool->has_batch = false;
	for (uint32_t i = 0; i < pool->options.parsers; i++) {
		struct parser *p = pool->parsers[i];

		if (p == NULL)
			continue;
		parser_flush(p);
		pool->has_batch |= p->batch.bytes.len != 0;
	}
}

/* -- who does it -- */

/* What it is woken for anyway costs little more: a turn's messages go to one
 * parser as long as they fit a frame. */
static uint32_t n_ahead(const struct parser *p)
{
	return p->n_jobs - p->n_batched;
}

/* The one with the least to do; NULL: there is none. */
static struct parser *choose(struct parse_pool *pool)
{
	struct parser *best = NULL;

	for (uint32_t i = 0; i < pool->options.parsers; i++) {
		struct parser *p = pool->parsers[i];

		if (p != NULL && !p->condemned &&
		    (best == NULL || n_ahead(p) < n_ahead(best)))
			best = p;
	}
	return best;
}

static struct parser *wait_for_parser(struct parse_pool *pool)
{
	struct parser *p = choose(pool);

	while (p == NULL && task_wait(&pool->arrivals, pool->options.wait_ms))
		p = choose(pool);
	return p;
}

static void send_job(struct parser *p, struct digest_job *job)
{
	start_watch(job->pool);
	parser_send(p, job);
}

/* -- the digester -- */

static struct digest_job *begin(void *ctx, const struct digest_source *source)
{
	struct parse_pool *pool = ctx;
	struct digest_job *job = mem_new(1, sizeof *job);
	struct parser *p = choose(pool);

	job->pool = pool;
	job->source = *source;
	if (p != NULL)
		send_job(p, job);
	return job;
}

static struct err send_again(struct digest_job *job)
{
	struct parser *p = NULL;

	if (job->tries++ < TRIES_MOST)
		p = wait_for_parser(job->pool);
	if (p == NULL)
		return err(ERR_UNAVAILABLE,
		           "no process is there to read the message");
	job->digest.len = 0;
	send_job(p, job);
	return OK;
}

static struct err make_opaque(struct digest_job *job, struct buf *out)
{
	const struct digest_source *s = &job->source;
	struct digest_opaque o = { 0 };
	struct slice bytes;
	struct err e = OK;

	while (is_ok(e) && o.offset < s->size) {
		e = s->bytes(s->arg, o.offset, &bytes);
		if (is_ok(e))
			digest_opaque_feed(&o, bytes);
		task_pause();
	}
	if (is_ok(e))
		digest_opaque_finish(&o, out);
	job->pool->stats.unparsed++;
	counter_add(COUNTER_PARSED, 1);
	return e;
}

static struct err wait_for_end(struct digest_job *job)
{
	struct err e = OK;

	while (is_ok(e) && job->state <= JOB_SENT) {
		if (job->state == JOB_WAITS)
			e = send_again(job);
		else
			task_wait(&job->waiting, WAIT_FOREVER);
	}
	return e;
}

static struct err finish(struct digest_job *job, struct buf *out)
{
	struct err e = wait_for_end(job);

	if (job->state == JOB_DONE)
		buf_add(out, buf_slice(&job->digest));
	else if (job->state == JOB_GUILTY)
		e = make_opaque(job, out);
	else if (job->state == JOB_FAILED)
		e = job->e;
	job_free(job);
	return e;
}

static void cancel(struct digest_job *job)
{
	if (job->parser != NULL)
		job->cancelled = true;
	else
		job_free(job);
}

struct digester parse_pool_digester(struct parse_pool *pool)
{
	return (struct digester){ begin, finish, cancel, pool };
}

/* -- the pool -- */

struct parse_pool *parse_pool_new(struct loop *loop,
                                  const struct parse_pool_options *options)
{
	struct parse_pool *pool = mem_new(1, sizeof *pool);

	assert(options->parsers <= PARSERS_MOST);
	pool->loop = loop;
	pool->options = *options;
	loop_before_sleep(loop, before_sleep, pool);
	return pool;
}

void parse_pool_free(struct parse_pool *pool)
{
	for (uint32_t i = 0; i < pool->options.parsers; i++) {
		if (pool->parsers[i] != NULL)
			parser_end(pool->parsers[i]);
	}
	timer_stop(&pool->watch);
	loop_before_sleep_stop(pool->loop, before_sleep, pool);
	free(pool);
}

bool parse_pool_add(struct parse_pool *pool, uint32_t index, int fd)
{
	struct parser *p;

	if (index >= pool->options.parsers ||
	    !link_is_socket(fd, SOCK_SEQPACKET))
		return false;
	p = parser_new(pool, index, fd);
	if (p == NULL)
		return false;
	if (pool->parsers[index] != NULL)
		parser_end(pool->parsers[index]);
	pool->parsers[index] = p;
	task_wake_all(&pool->arrivals);
	return true;
}

struct parse_pool_stats parse_pool_stats(const struct parse_pool *pool)
{
	return pool->stats;
}

bool parse_pool_is_serving(const struct parse_pool *pool, uint32_t index)
{
	const struct parser *p = pool->parsers[index];

	return p != NULL && !p->condemned;
}
