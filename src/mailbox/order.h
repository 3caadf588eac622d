/*
 * order.h -- putting very many entries in order, a time slice at a time.
 *
 * By key: octet by octet of those in which keys differ, from the last to the
 * first, which is time in proportion to n. What a comparison decides: a merge
 * sort from the bottom up, n log n whatever is in it, with one look at each
 * pair of runs that are in order already. Both are stable, and have one look
 * at all when nothing has to be moved.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct order_entry {
	uint64_t key;
	uint32_t at;   /* what it stands for: an index of the caller's */
	uint32_t more; /* the caller's */
};

/* Less than, equal to or greater than 0, as memcmp. Must not suspend. */
typedef int order_compare(void *context, const struct order_entry *,
                          const struct order_entry *);

/*
 * *v is in order of its keys afterwards; *spare is room for n more entries.
 * The two may have changed places. ERR_LIMIT, of task_go_on(): *v is in no
 * order, and not all there. Suspends.
 */
struct err order_sort(struct order_entry **v, struct order_entry **spare,
                      size_t n);

/* The same in the order that comparing gives. */
struct err order_sort_by(struct order_entry **v, struct order_entry **spare,
                         size_t n, order_compare *, void *context);

/* A signed number as a key. */
static inline uint64_t order_key(int64_t n)
{
	return (uint64_t)n ^ (uint64_t)1 << 63;
}
