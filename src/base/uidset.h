/*
 * uidset.h -- a set of UIDs as sorted ranges.
 *
 * Ranges never touch or overlap: {1,3},{4,5} can't be, it is {1,5}. All
 * operations keep that (uidset_check). The memory is the set's own; a
 * zeroed struct is the empty set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct uidrange {
	uint32_t first;
	uint32_t last; /* included */
};

struct uidset {
	struct uidrange *v;
	size_t n;
	size_t cap;
};

void uidset_free(struct uidset *);
void uidset_clear(struct uidset *); /* empty, keeps its memory */

/* Adding at the end is O(1), elsewhere O(ranges). */
void uidset_add(struct uidset *, uint32_t uid);
void uidset_add_range(struct uidset *, uint32_t first, uint32_t last);
void uidset_remove_range(struct uidset *, uint32_t first, uint32_t last);

void uidset_copy(struct uidset *to, const struct uidset *from);
void uidset_union(struct uidset *to, const struct uidset *from);
void uidset_subtract(struct uidset *from, const struct uidset *what);
/* out is overwritten; it is neither a nor b */
void uidset_intersect(const struct uidset *a, const struct uidset *b,
                      struct uidset *out);

/* Moves the first n members (or all, if there are fewer) to `to`, which is
 * overwritten. */
void uidset_take(struct uidset *from, uint32_t n, struct uidset *to);

bool uidset_has(const struct uidset *, uint32_t uid); /* O(log ranges) */
bool uidset_eq(const struct uidset *, const struct uidset *);

/* Index of the first range whose last is >= uid; n when there is none. */
size_t uidset_find(const struct uidset *, uint32_t uid);

/* How many UIDs; 0 to 2^32-1. */
uint64_t uidset_count(const struct uidset *);

static inline bool uidset_is_empty(const struct uidset *s)
{
	return s->n == 0;
}

/*
 * Walks the members in order:
 *	for (uint32_t uid = 0; uidset_next(&set, &uid);) ...
 * O(log ranges) a step.
 */
bool uidset_next(const struct uidset *, uint32_t *uid);

/* sequence-set form, "1:3,7"; nothing for the empty set. RFC 9051 section 9 */
void uidset_write(const struct uidset *, struct buf *out);

void uidset_check(const struct uidset *); /* asserts the invariant */
