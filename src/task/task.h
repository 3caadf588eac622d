/*
 * task.h -- waiting code written as a straight line.
 *
 * A task is a stackful coroutine on one libuv loop on one thread. It runs
 * until it waits (task_wait, task_sleep, task_offload, a stream) or yields;
 * nothing interrupts it, so data needs no locks. Every function here that
 * says "suspends" may run any other task before it returns: a pointer into
 * the store, or to anything another task may free, must not be kept across.
 *
 *      task_spawn ──► runnable ──► running ──► finished (stack to the pool)
 *                        ▲            │
 *                        └── woken ◄──┴── waiting
 *
 * Who has used up his time slice comes after those that have not, one slice
 * a turn of the loop: what is quick does not wait for what is long.
 *
 * Stacks are mapped with a guard page below and reused; an idle connection
 * should have no task at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct err;
struct loop;
struct task;

/* One a process. */
struct loop *loop_new(void);
void loop_run(struct loop *); /* until loop_stop() */
void loop_stop(struct loop *);
void loop_free(struct loop *); /* no task may be left (asserted) */
uv_loop_t *loop_uv(struct loop *);
uint64_t loop_now_ms(struct loop *); /* monotonic, of this turn */

/*
 * fn runs at the end of every turn of the loop, just before it sleeps. The
 * store uses it to let go of its read transaction. At most a few.
 */
void loop_before_sleep(struct loop *, void (*fn)(void *arg), void *arg);

/* The same fn and arg: no longer. */
void loop_before_sleep_stop(struct loop *, void (*fn)(void *arg), void *arg);

/* Runs fn(arg) as a task, at the earliest after the caller has suspended or
 * returned to the loop. */
void task_spawn(struct loop *, void (*fn)(void *arg), void *arg);

/* For programs and tests that are one task: runs fn in a task on a loop of
 * its own, returns when it and all it spawned have finished. */
void task_run_main(void (*fn)(struct loop *, void *arg), void *arg);

bool task_is_inside(void);    /* called from a task? */
struct loop *task_loop(void); /* of the running task */

void task_yield(void); /* suspends; to the end of the run queue */

/* Suspends only when the task's time slice (about 1 ms) is used up: call it
 * in every loop whose length a client decides. */
void task_pause(void);

/*
 * Processor time that the running task has used since it was spawned, this
 * slice left out: its slices, and its work on other threads.
 */
uint64_t task_used_ns(void);

/* From now on the running task may use that much more; 0: as much as it
 * likes. */
void task_allow(uint64_t ns);

/* task_pause() in work that may be given up. ERR_LIMIT: the task has used all
 * that it was allowed. */
struct err task_go_on(void);

void task_sleep(uint64_t ms); /* suspends */

/* Runs fn(arg) on a worker thread and returns when it is done. Suspends. fn
 * must not touch what the loop's thread touches. */
void task_offload(void (*fn)(void *arg), void *arg);

/*
 * A list of tasks that wait for something; zeroed it is empty. There is no
 * memory of past wakes: check the condition, then wait, in a loop.
 */
struct wait_list {
	struct task *first;
	struct task *last;
};

enum { WAIT_FOREVER = 0 };

/* Suspends until woken; false when timeout_ms (if not WAIT_FOREVER) went by
 * first. */
bool task_wait(struct wait_list *, uint64_t timeout_ms);
void task_wake_one(struct wait_list *);
void task_wake_all(struct wait_list *);

/* First come, first served; zeroed it is free. */
struct task_mutex {
	bool held;
	struct wait_list waiting;
};

void task_lock(struct task_mutex *); /* suspends */
void task_unlock(struct task_mutex *);
