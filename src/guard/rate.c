/* rate.c -- of each key, when its bucket will be empty; that says how full it
 * is. */
#include "guard/rate.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

struct bucket {
	uint64_t key; /* 0: a free place */
	uint64_t empty_ms;
};

struct rates {
	struct rate_rule rule;
	size_t places;
	struct bucket *v;
};

struct rates *rates_new(size_t places, struct rate_rule rule)
{
	struct rates *r = mem_new(1, sizeof *r);

	assert(places != 0 && places % RATE_WAYS == 0);
	assert(rule.at_once != 0 && rule.interval_ms != 0);
	r->rule = rule;
	r->places = places;
	r->v = mem_new(places, sizeof *r->v);
	return r;
}

void rates_free(struct rates *r)
{
	free(r->v);
	free(r);
}

static struct bucket *set_of(const struct rates *r, uint64_t key)
{
	return r->v + key % (r->places / RATE_WAYS) * RATE_WAYS;
}

/* Its own place, else the one that it would get. */
static struct bucket *place_of(const struct rates *r, uint64_t key)
{
	struct bucket *set = set_of(r, key);
	struct bucket *found = &set[0];

	for (size_t i = 0; i < RATE_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].empty_ms < found->empty_ms)
			found = &set[i];
	}
	return found;
}

bool rates_may(const struct rates *r, uint64_t key, uint64_t now_ms)
{
	const struct bucket *b = place_of(r, key);
	uint64_t full_ms = (uint64_t)r->rule.at_once * r->rule.interval_ms;

	return b->key != key ||
	       b->empty_ms + r->rule.interval_ms <= now_ms + full_ms;
}

void rates_count(struct rates *r, uint64_t key, uint64_t now_ms)
{
	struct bucket *b = place_of(r, key);

	if (b->key != key || b->empty_ms < now_ms)
		*b = (struct bucket){ key, now_ms };
	b->empty_ms += r->rule.interval_ms;
}
