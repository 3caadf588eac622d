/*
 * hashmap.h -- numbers by 64-bit hashes of foreign keys.
 *
 * The keys themselves are not kept: hashes are hash_keyed()'s, so nobody
 * outside can choose two keys that have the same. A zeroed struct is empty.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hashmap_slot {
	uint64_t hash;
	uint32_t value; /* 0: the slot is free */
};

struct hashmap {
	struct hashmap_slot *v;
	size_t n;
	size_t cap; /* a power of 2, or 0 */
};

/* Room for n numbers without moving any. */
void hashmap_expect(struct hashmap *, size_t n);

/*
 * Where the number of this hash is: 0 if there is none yet, which the caller
 * may then set. Valid until the next call. Suspends when it must grow.
 */
uint32_t *hashmap_at(struct hashmap *, uint64_t hash);

void hashmap_free(struct hashmap *);

/* The processor may fetch what hashmap_at() will look at. */
static inline void hashmap_prefetch(const struct hashmap *m, uint64_t hash)
{
	if (m->cap != 0)
		__builtin_prefetch(&m->v[hash & (m->cap - 1)]);
}
