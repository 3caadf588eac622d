/* clock.c -- the machine's clocks. */
#include "base/clock.h"

#include <time.h>

static uint64_t mono_ms(const struct clock *c)
{
	struct timespec t;

	(void)c;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t wall_s(const struct clock *c)
{
	struct timespec t;

	(void)c;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

const struct clock system_clock = { mono_ms, wall_s };
