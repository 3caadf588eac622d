/* uidset_test.c -- every operation against a bitmap that does the same. */
#include "base/uidset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { UIDS = 96, ROUNDS = 20000 }; /* small, so that ranges often touch */

struct pair {
	struct uidset set;
	bool has[UIDS + 1]; /* by UID; 0 is never a member */
};

static void assert_same(const struct pair *p)
{
	uint64_t count = 0;
	uint32_t uid = 0;

	uidset_check(&p->set);
	for (uint32_t i = 1; i <= UIDS; i++) {
		assert_int_equal(uidset_has(&p->set, i), p->has[i]);
		if (!p->has[i])
			continue;
		count++;
		assert_true(uidset_next(&p->set, &uid));
		assert_int_equal(uid, i);
	}
	assert_false(uidset_next(&p->set, &uid));
	assert_int_equal(uidset_count(&p->set), count);
	assert_int_equal(uidset_is_empty(&p->set), count == 0);
}

static uint32_t pick(unsigned int *seed, uint32_t from, uint32_t to)
{
	return from + (uint32_t)rand_r(seed) % (to - from + 1);
}

static void change(struct pair *p, unsigned int *seed)
{
	uint32_t first = pick(seed, 1, UIDS);
	uint32_t most = first + 12 < UIDS ? first + 12 : UIDS;
	uint32_t last = pick(seed, first, most);
	bool add = pick(seed, 0, 1) != 0;

	if (add)
		uidset_add_range(&p->set, first, last);
	else
		uidset_remove_range(&p->set, first, last);
	for (uint32_t i = first; i <= last; i++)
		p->has[i] = add;
}

static void combine(struct pair *a, struct pair *b, struct pair *out, int how)
{
	for (uint32_t i = 0; i <= UIDS; i++)
		out->has[i] = how == 0   ? a->has[i] || b->has[i]
		              : how == 1 ? a->has[i] && !b->has[i]
		                         : a->has[i] && b->has[i];
	uidset_copy(&out->set, &a->set);
	if (how == 0)
		uidset_union(&out->set, &b->set);
	else if (how == 1)
		uidset_subtract(&out->set, &b->set);
	else
		uidset_intersect(&a->set, &b->set, &out->set);
}

static void test_random(void **state)
{
	struct pair a = { 0 };
	struct pair b = { 0 };
	struct pair out = { 0 };
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		change(&a, &seed);
		change(&b, &seed);
		assert_same(&a);
		combine(&a, &b, &out, i % 3);
		assert_same(&out);
		assert_int_equal(uidset_eq(&a.set, &b.set),
		                 memcmp(a.has, b.has, sizeof a.has) == 0);
	}
	uidset_free(&a.set);
	uidset_free(&b.set);
	uidset_free(&out.set);
}

static void take(struct pair *from, uint32_t n, struct pair *to)
{
	uidset_take(&from->set, n, &to->set);
	for (uint32_t i = 0; i <= UIDS; i++) {
		to->has[i] = from->has[i] && n != 0;
		n -= to->has[i];
		from->has[i] = from->has[i] && !to->has[i];
	}
}

static void test_take(void **state)
{
	struct pair a = { 0 };
	struct pair out = { 0 };
	unsigned int seed = 2;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		change(&a, &seed);
		change(&a, &seed);
		take(&a, pick(&seed, 0, 20), &out);
		assert_same(&a);
		assert_same(&out);
	}
	uidset_add_range(&out.set, 1, UINT32_MAX);
	uidset_take(&out.set, UINT32_MAX, &a.set);
	assert_true(uidset_is_empty(&out.set));
	assert_int_equal(uidset_count(&a.set), UINT32_MAX);
	uidset_free(&a.set);
	uidset_free(&out.set);
}

static void test_find(void **state)
{
	static const struct {
		uint32_t uid;
		size_t at;
	} rows[] = { { 1, 0 },  { 10, 0 }, { 19, 0 }, { 20, 0 },
		     { 21, 1 }, { 30, 1 }, { 31, 2 }, { UINT32_MAX, 2 } };
	struct uidset s = { 0 };

	(void)state;
	uidset_add_range(&s, 10, 20);
	uidset_add(&s, 30);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(uidset_find(&s, rows[i].uid), rows[i].at);
	uidset_free(&s);
}

/* 4294967295 is a UID like any other, and nothing comes after it. */
static void test_last_uid(void **state)
{
	struct uidset s = { 0 };
	uint32_t uid = 0;

	(void)state;
	uidset_add_range(&s, 1, UINT32_MAX);
	uidset_check(&s);
	assert_int_equal(uidset_count(&s), UINT32_MAX);
	uidset_add(&s, UINT32_MAX);
	assert_int_equal(s.n, 1);
	uidset_remove_range(&s, 2, UINT32_MAX - 1);
	uidset_check(&s);
	assert_true(uidset_next(&s, &uid));
	assert_int_equal(uid, 1);
	assert_true(uidset_next(&s, &uid));
	assert_int_equal(uid, UINT32_MAX);
	assert_false(uidset_next(&s, &uid));
	uidset_remove_range(&s, 1, UINT32_MAX);
	assert_true(uidset_is_empty(&s));
	uidset_free(&s);
}

static void test_write(void **state)
{
	static const struct {
		struct uidrange ranges[3];
		const char *text;
	} rows[] = {
		{ { { 0 } }, "" },
		{ { { 7, 7 } }, "7" },
		{ { { 1, 3 }, { 7, 7 } }, "1:3,7" },
		{ { { 1, 1 }, { 2, 2 }, { 4, UINT32_MAX } },
		  "1:2,4:4294967295" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct uidset s = { 0 };
		struct buf out = { 0 };

		for (int k = 0; k < 3 && rows[i].ranges[k].first != 0; k++)
			uidset_add_range(&s, rows[i].ranges[k].first,
			                 rows[i].ranges[k].last);
		uidset_write(&s, &out);
		assert_true(
			slice_eq(buf_slice(&out), slice_cstr(rows[i].text)));
		buf_free(&out);
		uidset_free(&s);
	}
}

/* A set combined with itself: nothing is read after it was freed. */
static void test_with_itself(void **state)
{
	struct uidset s = { 0 };

	(void)state;
	uidset_add_range(&s, 3, 5);
	uidset_add(&s, 9);
	uidset_union(&s, &s);
	uidset_copy(&s, &s);
	assert_int_equal(uidset_count(&s), 4);
	uidset_subtract(&s, &s);
	assert_true(uidset_is_empty(&s));
	uidset_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_last_uid),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_with_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
