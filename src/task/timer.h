/*
 * timer.h -- one-shot timers for things that have no task.
 *
 * Coarse (about a quarter of a second late at most) and cheap: thousands of
 * idle sessions each keep one.
 */
#pragma once

#include <stdint.h>

#include "task/task.h"

struct timer {
	struct timer *next;
	struct timer *prev;
	struct loop *loop; /* NULL: not running */
	uint64_t at_ms;
	void (*fn)(void *arg);
	void *arg;
};

/* (Re)starts: fn(arg) on the loop after_ms from now. The struct is the
 * caller's and must stay in place until it fired or was stopped. */
void timer_start(struct timer *, struct loop *, uint64_t after_ms,
                 void (*fn)(void *arg), void *arg);
void timer_stop(struct timer *); /* also when not running */
