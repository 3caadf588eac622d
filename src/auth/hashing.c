/* hashing.c -- a counted door in front of the worker threads. */
#include "auth/hashing.h"

#include <malloc.h>
#include <unistd.h>

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

static struct err enter(struct hashing *h)
{
	if (h->running >= h->most && h->waiting >= HASHING_QUEUE)
		return err(ERR_UNAVAILABLE, "too many log-ins at once");
	h->waiting++;
	while (h->running >= h->most)
		task_wait(&h->free, WAIT_FOREVER);
	h->waiting--;
	h->running++;
	return OK;
}

/* The heap holds on to the 19 MiB that each hash took; with nothing left to
 * do they go back, which is most of what this process would weigh. */
static void leave(struct hashing *h)
{
	h->running--;
	if (h->running == 0 && h->waiting == 0)
		malloc_trim(0);
	task_wake_one(&h->free);
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

struct err hashing_verify(struct hashing *h, struct slice stored,
                          struct slice secret, bool allow_plain,
                          enum password_answer *out)
{
	struct job j = { .stored = stored,
		         .secret = secret,
		         .allow_plain = allow_plain };
	struct err e = enter(h);

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
	struct err e = enter(h);

	if (!is_ok(e))
		return e;
	task_offload(hash_job, &j);
	leave(h);
	return j.made ? OK
	              : err(ERR_UNAVAILABLE, "the password can't be "
	                                     "hashed at this cost");
}
