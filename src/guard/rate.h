/*
 * rate.h -- how often something may happen: buckets that leak, in a table
 * that never grows.
 *
 *	so many at once ──► │~~~~~│ one more leaks out every interval_ms
 *	                    └──.──┘
 *
 * A key has RATE_WAYS places; one that finds them taken gets that of whoever
 * has been quiet the longest. Keys must be keyed hashes. The clock is one that
 * nobody sets, in milliseconds; nothing is kept beyond the process, since what
 * is forgotten is forgotten within minutes anyhow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_WAYS = 8 };

struct rate_rule {
	uint32_t at_once;
	uint32_t interval_ms;
};

struct rates;

/* Places are a multiple of RATE_WAYS. */
struct rates *rates_new(size_t places, struct rate_rule);
void rates_free(struct rates *);

/* One more would not be too many. Nothing is counted. */
bool rates_may(const struct rates *, uint64_t key, uint64_t now_ms);

/* It has happened. */
void rates_count(struct rates *, uint64_t key, uint64_t now_ms);
