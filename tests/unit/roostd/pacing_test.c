/* pacing_test.c -- who was ready comes back at once, unless too often. */
#include "roostd/pacing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW_MS = 1000000 };

static void test_never_ready(void **state)
{
	static const uint64_t waits[] = { 100,  200,   400,   800,   1600, 3200,
		                          6400, 12800, 25600, 30000, 30000 };
	struct pacing p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
		assert_int_equal(pacing_wait_ms(&p, NOW_MS, false), waits[i]);
	assert_int_equal(p.failures, sizeof waits / sizeof *waits);
	assert_int_equal(pacing_wait_ms(&p, NOW_MS, true), 0);
	assert_int_equal(p.failures, 0);
	assert_int_equal(pacing_wait_ms(&p, NOW_MS, false), 100);
}

static void test_failures_do_not_wrap(void **state)
{
	struct pacing p = { .failures = UINT32_MAX };

	(void)state;
	assert_int_equal(pacing_wait_ms(&p, NOW_MS, false), PACING_MOST_MS);
	assert_int_equal(p.failures, UINT32_MAX);
}

/* Ten restarts at once, then each half a second behind the one before. */
static void test_ready(void **state)
{
	struct pacing p = { 0 };

	(void)state;
	for (uint64_t i = 0; i < PACING_AT_ONCE; i++)
		assert_int_equal(pacing_wait_ms(&p, NOW_MS, true), 0);
	for (uint64_t i = 1; i < 5; i++)
		assert_int_equal(pacing_wait_ms(&p, NOW_MS, true),
		                 i * PACING_APART_MS);
}

/* Who dies every half second is never kept waiting, and after a quiet time
 * ten are there again, not more. */
static void test_time_heals(void **state)
{
	struct pacing p = { 0 };
	uint64_t now = NOW_MS;

	(void)state;
	for (int i = 0; i < 100; i++, now += PACING_APART_MS)
		assert_int_equal(pacing_wait_ms(&p, now, true), 0);
	now += 1000000;
	for (int i = 0; i < PACING_AT_ONCE; i++)
		assert_int_equal(pacing_wait_ms(&p, now, true), 0);
	assert_int_equal(pacing_wait_ms(&p, now, true), PACING_APART_MS);
}

/* A machine that has just been switched on. */
static void test_clock_near_zero(void **state)
{
	struct pacing p = { 0 };

	(void)state;
	assert_int_equal(pacing_wait_ms(&p, PACING_APART_MS, true), 0);
	assert_int_equal(pacing_wait_ms(&p, PACING_APART_MS, true),
	                 PACING_APART_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_failures_do_not_wrap),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_time_heals),
		cmocka_unit_test(test_clock_near_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
