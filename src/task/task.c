/* task.c -- tasks, the queue of those that can run, and how they wait. */
#include "task/task.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "task/internal.h"

enum { SLICE_NS = 1000 * 1000 };

/* Which task has the thread now. The only way a function deep below can
 * know that it runs on a task's stack. */
static _Thread_local struct task *running;

/* -- lists -- */

static void list_append(struct wait_list *list, struct task *t)
{
	t->next = NULL;
	t->prev = list->last;
	if (list->last != NULL)
		list->last->next = t;
	else
		list->first = t;
	list->last = t;
}

static void list_remove(struct wait_list *list, struct task *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		list->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	else
		list->last = t->prev;
	t->next = NULL;
	t->prev = NULL;
}

/* -- birth, running, death -- */

static void *take_stack(struct loop *l)
{
	return l->n_stacks != 0 ? l->stacks[--l->n_stacks] : fiber_stack_new();
}

static void give_stack(struct loop *l, void *stack)
{
	if (l->n_stacks < STACKS_KEPT)
		l->stacks[l->n_stacks++] = stack;
	else
		fiber_stack_free(stack);
}

static uint64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * What the slice took. To ask for the thread's time costs half a microsecond,
 * so it is asked only about who had used up the slice before; with others,
 * what is longer than a slice was mostly spent without a processor.
 */
static uint64_t slice_ns(const struct task *t)
{
	uint64_t ns;

	if (t->resumed_thread_ns != 0)
		return thread_ns() - t->resumed_thread_ns;
	ns = uv_hrtime() - t->resumed_ns;
	return ns < SLICE_NS ? ns : SLICE_NS;
}

static void suspend(void)
{
	struct task *t = running;

	assert(t != NULL);
	t->used_ns += slice_ns(t);
	fiber_jump(&t->fiber, &t->loop->fiber, t->finished);
}

static void entry(void)
{
	struct task *t = running;

	fiber_begin(&t->loop->fiber);
	t->fn(t->arg);
	t->finished = true;
	suspend();
	abort();
}

void task_spawn(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct task *t = mem_new(1, sizeof *t);

	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->stack = take_stack(l);
	fiber_init(&t->fiber, t->stack, entry);
	l->n_tasks++;
	list_append(&l->runnable, t);
}

static void bury(struct task *t)
{
	struct loop *l = t->loop;

	give_stack(l, t->stack);
	free(t);
	l->n_tasks--;
	if (l->n_tasks == 0 && l->stop_when_done)
		loop_stop(l);
}

static void run(struct task *t)
{
	t->resumed_ns = uv_hrtime();
	t->resumed_thread_ns = t->spent ? thread_ns() : 0;
	t->spent = false;
	running = t;
	fiber_jump(&t->loop->fiber, &t->fiber, false);
	running = NULL;
	if (t->finished)
		bury(t);
}

static void run_first(struct wait_list *list)
{
	struct task *t = list->first;

	list_remove(list, t);
	run(t);
}

/*
 * Tasks woken meanwhile run in the same turn, but sockets must be looked at
 * again after a time slice. However many have long work to do, who has little
 * waits for one slice of theirs; and one of theirs there is in each turn.
 */
void tasks_run(struct loop *l)
{
	uint64_t until_ns = uv_hrtime() + SLICE_NS;

	while (l->runnable.first != NULL && uv_hrtime() < until_ns)
		run_first(&l->runnable);
	if (l->spent.first != NULL)
		run_first(&l->spent);
}

bool tasks_are_runnable(const struct loop *l)
{
	return l->runnable.first != NULL || l->spent.first != NULL;
}

struct main_task {
	struct loop *loop;
	void (*fn)(struct loop *, void *arg);
	void *arg;
};

static void run_main(void *arg)
{
	struct main_task *m = arg;

	m->fn(m->loop, m->arg);
}

void task_run_main(void (*fn)(struct loop *, void *arg), void *arg)
{
	struct main_task m = { loop_new(), fn, arg };

	m.loop->stop_when_done = true;
	task_spawn(m.loop, run_main, &m);
	loop_run(m.loop);
	loop_free(m.loop);
}

bool task_is_inside(void)
{
	return running != NULL;
}

struct loop *task_loop(void)
{
	assert(running != NULL);
	return running->loop;
}

/* -- waiting -- */

void task_yield(void)
{
	assert(running != NULL);
	list_append(&running->loop->runnable, running);
	suspend();
}

void task_pause(void)
{
	assert(running != NULL);
	if (uv_hrtime() - running->resumed_ns < SLICE_NS)
		return;
	running->spent = true;
	list_append(&running->loop->spent, running);
	suspend();
}

uint64_t task_used_ns(void)
{
	assert(running != NULL);
	return running->used_ns;
}

void task_allow(uint64_t ns)
{
	assert(running != NULL);
	running->most_ns = ns != 0 ? running->used_ns + ns : 0;
}

struct err task_go_on(void)
{
	task_pause();
	if (running->most_ns == 0 || running->used_ns <= running->most_ns)
		return OK;
	return err(ERR_LIMIT, "the command takes too long");
}

static void make_runnable(struct task *t, bool woken)
{
	timer_stop(&t->timeout);
	list_remove(t->waiting_on, t);
	t->waiting_on = NULL;
	t->woken = woken;
	list_append(&t->loop->runnable, t);
}

static void on_timeout(void *arg)
{
	make_runnable(arg, false);
}

bool task_wait(struct wait_list *list, uint64_t timeout_ms)
{
	struct task *t = running;

	assert(t != NULL);
	list_append(list, t);
	t->waiting_on = list;
	if (timeout_ms != WAIT_FOREVER)
		timer_start(&t->timeout, t->loop, timeout_ms, on_timeout, t);
	suspend();
	return t->woken;
}

void task_wake_one(struct wait_list *list)
{
	if (list->first != NULL)
		make_runnable(list->first, true);
}

void task_wake_all(struct wait_list *list)
{
	while (list->first != NULL)
		make_runnable(list->first, true);
}

void task_sleep(uint64_t ms)
{
	struct wait_list nobody_wakes = { 0 };

	task_wait(&nobody_wakes, ms != 0 ? ms : 1);
}

/* -- offload -- */

struct offload {
	uv_work_t work;
	void (*fn)(void *arg);
	void *arg;
	uint64_t used_ns;
	bool done;
	struct wait_list waiting;
};

static void on_worker(uv_work_t *work)
{
	struct offload *o = work->data;
	uint64_t before_ns = thread_ns();

	o->fn(o->arg);
	o->used_ns = thread_ns() - before_ns;
}

static void on_worked(uv_work_t *work, int status)
{
	struct offload *o = work->data;

	(void)status; /* never cancelled */
	o->done = true;
	task_wake_one(&o->waiting);
}

void task_offload(void (*fn)(void *arg), void *arg)
{
	struct offload o = { .fn = fn, .arg = arg };

	assert(running != NULL);
	o.work.data = &o;
	if (uv_queue_work(&running->loop->uv, &o.work, on_worker, on_worked))
		abort();
	while (!o.done)
		task_wait(&o.waiting, WAIT_FOREVER);
	running->used_ns += o.used_ns;
}

/* -- mutex -- */

void task_lock(struct task_mutex *m)
{
	if (m->held)
		task_wait(&m->waiting, WAIT_FOREVER); /* unlock hands it over */
	m->held = true;
}

void task_unlock(struct task_mutex *m)
{
	assert(m->held);
	if (m->waiting.first != NULL)
		task_wake_one(&m->waiting);
	else
		m->held = false;
}
