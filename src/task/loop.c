/*
 * loop.c -- one turn of the loop.
 *
 *      timers ──► prepare ──► poll (sleeps) ──► check ──► timers ...
 *                 │           │                 └ tasks run
 *                 │           └ sockets become ready, tasks become runnable
 *                 └ output is flushed, hooks, alarm clock set
 *
 * While a task is runnable the idle handle keeps poll from sleeping.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "task/internal.h"

static void on_idle(uv_idle_t *handle)
{
	(void)handle;
}

static void on_check(uv_check_t *handle)
{
	tasks_run(handle->data);
}

static void run_jobs(struct loop *l)
{
	struct turn_job *job;

	while ((job = l->jobs) != NULL) {
		l->jobs = job->next;
		job->queued = false;
		job->run(job);
	}
}

static void on_prepare(uv_prepare_t *handle)
{
	struct loop *l = handle->data;

	run_jobs(l);
	for (size_t i = 0; i < l->n_hooks; i++)
		l->hooks[i].fn(l->hooks[i].arg);
	wheel_set_alarm(l);
	if (tasks_are_runnable(l))
		uv_idle_start(&l->idle, on_idle);
	else
		uv_idle_stop(&l->idle);
}

struct loop *loop_new(void)
{
	struct loop *l = mem_new(1, sizeof *l);

	if (uv_loop_init(&l->uv) != 0)
		abort();
	uv_prepare_init(&l->uv, &l->prepare);
	uv_check_init(&l->uv, &l->check);
	uv_idle_init(&l->uv, &l->idle);
	l->prepare.data = l;
	l->check.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_check_start(&l->check, on_check);
	wheel_init(l);
	return l;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_free(struct loop *l)
{
	assert(l->n_tasks == 0);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->idle, NULL);
	wheel_close(l);
	/* Everything else has been closed by its owner; this lets the
	 * closing callbacks run. */
	uv_run(&l->uv, UV_RUN_DEFAULT);
	if (uv_loop_close(&l->uv) != 0)
		abort();
	while (l->n_stacks != 0)
		fiber_stack_free(l->stacks[--l->n_stacks]);
	free(l);
}

uv_loop_t *loop_uv(struct loop *l)
{
	return &l->uv;
}

uint64_t loop_now_ms(struct loop *l)
{
	return uv_now(&l->uv);
}

void loop_before_sleep(struct loop *l, void (*fn)(void *arg), void *arg)
{
	assert(l->n_hooks < HOOKS_MOST);
	l->hooks[l->n_hooks++] = (struct hook){ fn, arg };
}

void loop_before_sleep_stop(struct loop *l, void (*fn)(void *arg), void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n_hooks; i++)
		if (l->hooks[i].fn != fn || l->hooks[i].arg != arg)
			l->hooks[kept++] = l->hooks[i];
	l->n_hooks = kept;
}

void loop_at_turn_end(struct loop *l, struct turn_job *job)
{
	if (job->queued)
		return;
	job->queued = true;
	job->next = l->jobs;
	l->jobs = job;
}

void loop_forget_job(struct loop *l, struct turn_job *job)
{
	struct turn_job **at = &l->jobs;

	if (!job->queued)
		return;
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->queued = false;
}
