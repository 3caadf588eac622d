/* calendar_test.c -- the calendar against the C library's. */
#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void check_day(int64_t day)
{
	struct calendar_date d = calendar_date(day);
	time_t t = day * 86400;
	struct tm tm;

	assert_non_null(gmtime_r(&t, &tm));
	assert_int_equal(d.year, tm.tm_year + 1900);
	assert_int_equal(d.month, tm.tm_mon + 1);
	assert_int_equal(d.day, tm.tm_mday);
	assert_true(calendar_has(d));
	assert_int_equal(calendar_day(d), day);
	assert_int_equal(calendar_day_of(t - 1), day - 1);
	assert_int_equal(calendar_day_of(t), day);
	assert_int_equal(calendar_day_of(t + 86399), day);
}

/* Every day of 1900 to 2100, and the last and first of years far away. */
static void test_days(void **state)
{
	(void)state;
	for (int64_t day = -25567; day < 47482; day++)
		check_day(day);
	for (int64_t year = -2000; year <= 20000; year++) {
		int64_t first =
			calendar_day((struct calendar_date){ year, 1, 1 });

		check_day(first - 1);
		check_day(first);
		check_day(first + 59);
	}
}

static void test_no_such_day(void **state)
{
	static const struct calendar_date none[] = {
		{ 2026, 0, 1 },  { 2026, 13, 1 }, { 2026, 1, 0 },
		{ 2026, 1, 32 }, { 2026, 4, 31 }, { 2026, 2, 29 },
		{ 1900, 2, 29 }, { 2000, 2, 30 }, { 2026, 12, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(calendar_has(none[i]));
	assert_true(calendar_has((struct calendar_date){ 2000, 2, 29 }));
}

static void test_months(void **state)
{
	(void)state;
	for (unsigned month = 1; month <= 12; month++)
		assert_int_equal(month_number(month_name(month)), month);
	assert_int_equal(month_number(S("sEp")), 9);
	assert_int_equal(month_number(S("anF")), 0);
	assert_int_equal(month_number(S("Sept")), 0);
	assert_int_equal(month_number(S("")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_no_such_day),
		cmocka_unit_test(test_months),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
