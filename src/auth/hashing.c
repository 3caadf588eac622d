/* hashing.c -- a counted door in front of the worker threads. */
#include "auth/hashing.h"

#include <assert.h>
#include <malloc.h>
#include <unistd.h>

#include "base/counter.h"

static_assert((int)COUNTED_RANKS == (int)HASHING_RANKS, "one is not counted");

enum { HASHING_MOST = 64 };

struct hashing hashing_init(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	/* one heap for all threads: malloc_trim() can't shrink another */
	mallopt(M_ARENA_MAX, 1);
	if (cores < 1)
		cores = 1;
	if (cores > HASHING_MOST)
		cores = HASHING_MOST;
	return (struct hashing){ .most = (unsigned)cores };
}

static const unsigned waiting_most[HASHING_RANKS] = {
	[HASHING_KNOWN] = HASHING_QUEUE_KNOWN,
	[HASHING_STRANGER] = HASHING_QUEUE,
};

static struct err enter(struct hashing *h, enum hashing_rank rank)
{
	if (h->running >= h->most &&
	    h->queue[rank].waiting >= waiting_most[rank])
		return err(ERR_UNAVAILABLE, "too many log-ins at once");
	h->queue[rank].waiting++;
	counter_rise(COUNTER_HASHES_WAITING + rank);
	while (h->running >= h->most)
		task_wait(&h->queue[rank].free, WAIT_FOREVER);
	counter_fall(COUNTER_HASHES_WAITING + rank);
	h->queue[rank].waiting--;
	h->running++;
	return OK;
}

/* One that was woken and has not run yet is in no list any more. */
static void wake_next(struct hashing *h)
{
	int rank = 0;

	while (rank < HASHING_RANKS - 1 && h->queue[rank].free.first == NULL)
		rank++;
	task_wake_one(&h->queue[rank].free);
}

static bool is_idle(const struct hashing *h)
{
	bool idle = h->running == 0;

	for (int rank = 0; rank < HASHING_RANKS; rank++)
		idle = idle && h->queue[rank].waiting == 0;
	return idle;
}

/* The heap holds on to the 19 MiB that each hash took; with nothing left to
 * do they go back, which is most of what this process would weigh. */
static void leave(struct hashing *h)
{
	h->running--;
	if (is_idle(h))
		malloc_trim(0);
	wake_next(h);
}

struct job {
	struct slice stored;
	struct slice secret;
	bool allow_plain;
	struct password_cost cost;
	struct buf *out;
	bool made;
	enum password_answer answer;
};

static void verify_job(void *arg)
{
	struct job *j = arg;

	j->answer = password_verify(j->stored, j->secret, j->allow_plain);
}

static void hash_job(void *arg)
{
	struct job *j = arg;

	j->made = password_hash(j->secret, j->cost, j->out);
}

struct err hashing_verify(struct hashing *h, enum hashing_rank rank,
                          struct slice stored, struct slice secret,
                          bool allow_plain, enum password_answer *out)
{
	struct job j = { .stored = stored,
		         .secret = secret,
		         .allow_plain = allow_plain };
	struct err e = enter(h, rank);

	if (!is_ok(e))
		return e;
	task_offload(verify_job, &j);
	leave(h);
	*out = j.answer;
	return OK;
}

struct err hashing_hash(struct hashing *h, struct slice secret,
                        struct password_cost cost, struct buf *out)
{
	struct job j = { .secret = secret, .cost = cost, .out = out };
	struct err e = enter(h, HASHING_KNOWN);

	if (!is_ok(e))
		return e;
	task_offload(hash_job, &j);
	leave(h);
	return j.made ? OK
	              : err(ERR_UNAVAILABLE, "the password can't be "
	                                     "hashed at this cost");
}
