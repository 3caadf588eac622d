/*
 * clock.h -- time as something a test can own.
 *
 * The monotonic clock drives every timer; the wall clock is for
 * INTERNALDATE, logs and certificates only.
 */
#pragma once

#include <stdint.h>

struct clock {
	uint64_t (*mono_ms)(const struct clock *);
	int64_t (*wall_s)(const struct clock *); /* seconds since 1970, UTC */
};

/* The machine's own. */
extern const struct clock system_clock;

/* By its wall clock. */
static inline int64_t clock_now_s(void)
{
	return system_clock.wall_s(&system_clock);
}
