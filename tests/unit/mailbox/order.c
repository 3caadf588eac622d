/* order.c -- sorting entries, and numbers by hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/mem.h"
#include "mailbox/hashmap.h"
#include "mailbox/order.h"
#include "task/task.h"

enum { MOST = 1000 };

/* -- orders that a merge may go wrong in -- */

static uint64_t rising(size_t i, size_t n)
{
	(void)n;
	return i;
}

static uint64_t falling(size_t i, size_t n)
{
	return n - i;
}

static uint64_t equal(size_t i, size_t n)
{
	(void)i;
	(void)n;
	return 7;
}

static uint64_t mixed(size_t i, size_t n)
{
	return i * 7919 % (n / 2 + 1);
}

static uint64_t far_apart(size_t i, size_t n)
{
	return mixed(i, n) * 0x9e3779b97f4a7c15u;
}

static uint64_t last_first(size_t i, size_t n)
{
	return i == n - 1 ? 0 : i + 1;
}

static int by_key(void *context, const struct order_entry *a,
                  const struct order_entry *b)
{
	(void)context;
	return (a->key > b->key) - (a->key < b->key);
}

static struct err sort(struct order_entry **v, struct order_entry **spare,
                       size_t n, bool compared)
{
	return compared ? order_sort_by(v, spare, n, by_key, NULL)
	                : order_sort(v, spare, n);
}

static void check_order(size_t n, uint64_t (*key)(size_t, size_t),
                        bool compared)
{
	struct order_entry *v = mem_new(n, sizeof *v);
	struct order_entry *spare = mem_new(n, sizeof *spare);
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct order_entry){ key(i, n), (uint32_t)i, 0 };
	assert_true(is_ok(sort(&v, &spare, n, compared)));
	for (size_t i = 0; i < n; i++) {
		sum += v[i].at;
		assert_int_equal(v[i].key, key(v[i].at, n));
		if (i == 0)
			continue;
		assert_true(v[i - 1].key <= v[i].key);
		/* stable */
		assert_true(v[i - 1].key < v[i].key || v[i - 1].at < v[i].at);
	}
	assert_int_equal(sum, n * (n - (n != 0)) / 2);
	free(v);
	free(spare);
}

static void run_order(struct loop *loop, void *arg)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 7, 8, 9, 255, 256, MOST };
	uint64_t (*const keys[])(size_t, size_t) = { rising,    falling,
		                                     equal,     mixed,
		                                     far_apart, last_first };

	(void)loop;
	(void)arg;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			for (int how = 0; how < 2; how++)
				check_order(sizes[i], keys[k], how != 0);
}

/* Who has used up his time gets nothing sorted; both arrays are still his. */
static void check_late(bool compared)
{
	struct order_entry *v = mem_new(MOST, sizeof *v);
	struct order_entry *spare = mem_new(MOST, sizeof *spare);

	for (size_t i = 0; i < MOST; i++)
		v[i].key = falling(i, MOST);
	task_allow(1);
	task_yield();
	assert_int_equal(sort(&v, &spare, MOST, compared).code, ERR_LIMIT);
	task_allow(0);
	assert_true(is_ok(sort(&v, &spare, MOST, compared)));
	free(v);
	free(spare);
}

static void run_late(struct loop *loop, void *arg)
{
	(void)loop;
	(void)arg;
	check_late(false);
	check_late(true);
}

static void test_late(void **state)
{
	(void)state;
	task_run_main(run_late, NULL);
}

static void test_order(void **state)
{
	(void)state;
	task_run_main(run_order, NULL);
}

static void test_order_key(void **state)
{
	(void)state;
	assert_true(order_key(INT64_MIN) < order_key(-1));
	assert_true(order_key(-1) < order_key(0));
	assert_true(order_key(0) < order_key(INT64_MAX));
}

static void run_hashmap(struct loop *loop, void *arg)
{
	struct hashmap m = { 0 };

	(void)loop;
	(void)arg;
	for (uint32_t i = 1; i <= MOST; i++) {
		/* all in one place but for their upper half */
		uint32_t *place = hashmap_at(&m, (uint64_t)i << 32);

		assert_int_equal(*place, 0);
		*place = i;
	}
	for (uint32_t i = 1; i <= MOST; i++)
		assert_int_equal(*hashmap_at(&m, (uint64_t)i << 32), i);
	assert_int_equal(*hashmap_at(&m, 5), 0);
	hashmap_free(&m);
}

static void test_hashmap(void **state)
{
	(void)state;
	task_run_main(run_hashmap, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_order_key),
		cmocka_unit_test(test_hashmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
