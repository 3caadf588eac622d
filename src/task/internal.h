/* internal.h -- the loop as the files of task/ see it. */
#pragma once

#include "task/fiber.h"
#include "task/task.h"
#include "task/timer.h"

enum { WHEEL_LEVELS = 7, WHEEL_SLOTS = 64 };

/* See timer.c. */
struct wheel {
	uint64_t now_ms;
	uint64_t pending[WHEEL_LEVELS]; /* a bit a slot that may hold timers */
	struct timer *slots[WHEEL_LEVELS][WHEEL_SLOTS];
	uv_timer_t alarm;
	uint64_t alarm_at_ms; /* 0: not set */
};

/* Something to do once, at the end of this turn. */
struct turn_job {
	struct turn_job *next;
	bool queued;
	void (*run)(struct turn_job *);
};

struct task {
	struct fiber fiber;
	struct loop *loop;
	struct task *next; /* in the run queue, or in `waiting_on` */
	struct task *prev;
	struct wait_list *waiting_on;
	struct timer timeout;
	uint64_t resumed_ns;
	uint64_t resumed_thread_ns; /* the same, of its processor time, or 0 */
	uint64_t used_ns;           /* before that */
	uint64_t most_ns;           /* that it may have used; 0: any */
	bool woken;                 /* false: the time-out came first */
	bool spent;                 /* it is in that queue */
	bool finished;
	void *stack;
	void (*fn)(void *arg);
	void *arg;
};

enum { STACKS_KEPT = 64, HOOKS_MOST = 4 };

struct hook {
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle;
	struct wheel wheel;
	struct wait_list runnable;
	struct wait_list spent; /* runnable, but have had their slice */
	struct turn_job *jobs;
	struct hook hooks[HOOKS_MOST];
	size_t n_hooks;
	size_t n_tasks;
	bool stop_when_done; /* when no task is left */
	struct fiber fiber;  /* the loop's own stack */
	void *stacks[STACKS_KEPT];
	size_t n_stacks;
};

/* job->run is called once before the loop sleeps next. */
void loop_at_turn_end(struct loop *, struct turn_job *);
void loop_forget_job(struct loop *, struct turn_job *);

/* Runs what is runnable, for about two time slices. task.c */
void tasks_run(struct loop *);
bool tasks_are_runnable(const struct loop *);

/* timer.c */
void wheel_init(struct loop *);
void wheel_close(struct loop *);
void wheel_set_alarm(struct loop *);
