/*
 * timer.h -- one-shot timers for things that have no task.
 *
 * Starting and stopping is O(1) whatever their number: thousands of idle
 * sessions each keep one. A timer fires in the first turn of the loop that
 * begins at or after its time, never before.
 */
#pragma once

#include <stdint.h>

#include "task/task.h"

struct timer {
	struct timer *next;
	struct timer **back; /* what points to this one */
	struct loop *loop;   /* NULL: not running */
	uint64_t at_ms;
	void (*fn)(void *arg);
	void *arg;
};

/* (Re)starts: fn(arg) on the loop after_ms (at least 1) from now. The struct
 * is the caller's, zeroed at first, and must stay in place until it fired or
 * was stopped. */
void timer_start(struct timer *, struct loop *, uint64_t after_ms,
                 void (*fn)(void *arg), void *arg);
void timer_stop(struct timer *); /* also when not running */
