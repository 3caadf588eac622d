/* order.c -- see order.h. */
#include "mailbox/order.h"

#include <string.h>

#include "task/task.h"

enum { SLICE = 256 }; /* entries moved between two looks at the clock */

struct merge {
	const struct order_entry *from;
	struct order_entry *to;
	order_compare *compare;
	void *context;
	struct err e;
};

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
		if (i % SLICE == 0)
			m->e = task_go_on();
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
	m->e = task_go_on();
}

/* Nothing is moved when all is in order, which is found out on the way. */
static bool is_all_in_order(struct merge *m, size_t n)
{
	for (size_t i = 1; i < n && is_ok(m->e); i++) {
		if (!is_in_order(m, i))
			return false;
		if (i % SLICE == 0)
			m->e = task_go_on();
	}
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct err order_sort(struct order_entry **v, struct order_entry **spare,
                      size_t n, order_compare *compare, void *context)
{
	struct merge m = { *v, *spare, compare, context, OK };

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
		m.from = m.to;
		m.to = m.from == *v ? *spare : *v;
	}
	if (m.from == *spare) {
		*spare = *v;
		*v = (struct order_entry *)(uintptr_t)m.from;
	}
	return m.e;
}

int order_by_key(void *context, const struct order_entry *a,
                 const struct order_entry *b)
{
	(void)context;
	return (a->key > b->key) - (a->key < b->key);
}
