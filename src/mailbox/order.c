/* order.c -- see order.h. */
#include "mailbox/order.h"

#include <string.h>

#include "task/task.h"

enum { SLICE = 256 }; /* entries moved between two looks at the clock */

static void exchange(struct order_entry **a, struct order_entry **b)
{
	struct order_entry *was = *a;

	*a = *b;
	*b = was;
}

/* -- by key -- */

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

static size_t digit_of(const struct order_entry *entry, unsigned shift)
{
	return entry->key >> shift & (DIGITS - 1);
}

/* The bits in which any two keys differ; none when all are in order. */
static struct err compare_keys(const struct order_entry *v, size_t n,
                               uint64_t *differ)
{
	bool in_order = true;
	struct err e = OK;

	*differ = 0;
	for (size_t i = 1; i < n && is_ok(e); i++) {
		*differ |= v[i].key ^ v[0].key;
		in_order = in_order && v[i - 1].key <= v[i].key;
		if (i % SLICE == 0)
			e = task_go_on();
	}
	if (in_order)
		*differ = 0;
	return e;
}

/* Where the first entry with each digit goes. */
static struct err find_places(const struct order_entry *v, size_t n,
                              unsigned shift, size_t place[DIGITS])
{
	size_t below = 0;
	struct err e = OK;

	memset(place, 0, DIGITS * sizeof *place);
	for (size_t i = 0; i < n && is_ok(e); i++) {
		place[digit_of(&v[i], shift)]++;
		if (i % SLICE == 0)
			e = task_go_on();
	}
	for (size_t digit = 0; digit < DIGITS; digit++) {
		size_t count = place[digit];

		place[digit] = below;
		below += count;
	}
	return e;
}

static struct err deal(const struct order_entry *from, struct order_entry *to,
                       size_t n, unsigned shift)
{
	size_t place[DIGITS];
	struct err e = find_places(from, n, shift, place);

	for (size_t i = 0; i < n && is_ok(e); i++) {
		to[place[digit_of(&from[i], shift)]++] = from[i];
		if (i % SLICE == 0)
			e = task_go_on();
	}
	return e;
}

struct err order_sort(struct order_entry **v, struct order_entry **spare,
                      size_t n)
{
	uint64_t differ;
	struct err e = compare_keys(*v, n, &differ);

	for (unsigned shift = 0; shift < 64 && is_ok(e); shift += DIGIT_BITS) {
		if ((differ >> shift & (DIGITS - 1)) == 0)
			continue;
		e = deal(*v, *spare, n, shift);
		exchange(v, spare);
	}
	return e;
}

/* -- by comparing -- */

struct merge {
	const struct order_entry *from;
	struct order_entry *to;
	order_compare *compare;
	void *context;
	size_t moved;
	struct err e;
};

/* So many more entries are where they belong. */
static void go_on(struct merge *m, size_t n)
{
	m->moved += n;
	if (m->moved < SLICE)
		return;
	m->moved = 0;
	m->e = task_go_on();
}

/* The runs [first, middle) and [middle, end) to one. */
static void merge_runs(struct merge *m, size_t first, size_t middle, size_t end)
{
	size_t a = first;
	size_t b = middle;

	for (size_t i = first; i < end && is_ok(m->e); i++) {
		bool left = b == end ||
		            (a < middle && m->compare(m->context, &m->from[a],
		                                      &m->from[b]) <= 0);

		m->to[i] = left ? m->from[a++] : m->from[b++];
		go_on(m, 1);
	}
}

static bool is_in_order(const struct merge *m, size_t middle)
{
	return m->compare(m->context, &m->from[middle - 1], &m->from[middle]) <=
	       0;
}

static void copy_run(struct merge *m, size_t first, size_t end)
{
	memcpy(m->to + first, m->from + first, (end - first) * sizeof *m->to);
	go_on(m, end - first);
}

/* Nothing is moved when all is in order, which is found out on the way. */
static bool is_all_in_order(struct merge *m, size_t n)
{
	for (size_t i = 1; i < n && is_ok(m->e); i++) {
		if (!is_in_order(m, i))
			return false;
		go_on(m, 1);
	}
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct err order_sort_by(struct order_entry **v, struct order_entry **spare,
                         size_t n, order_compare *compare, void *context)
{
	struct merge m = { .compare = compare, .context = context };

	m.from = *v;
	m.to = *spare;
	if (is_all_in_order(&m, n))
		return m.e;
	for (size_t run = 1; run < n && is_ok(m.e); run *= 2) {
		for (size_t first = 0; first < n && is_ok(m.e);
		     first += 2 * run) {
			size_t middle = least(first + run, n);
			size_t end = least(first + 2 * run, n);

			if (middle == end || is_in_order(&m, middle))
				copy_run(&m, first, end);
			else
				merge_runs(&m, first, middle, end);
		}
		exchange(v, spare);
		m.from = *v;
		m.to = *spare;
	}
	return m.e;
}
