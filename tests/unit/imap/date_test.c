/* date_test.c -- the calendar against the C library's. */
#include "imap/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Every day from 1900 to 2100. */
static void test_days(void **state)
{
	(void)state;
	for (int64_t day = -25567; day < 47482; day++) {
		time_t t = day * 86400;
		struct tm tm;

		gmtime_r(&t, &tm);
		assert_int_equal(days_from_civil(tm.tm_year + 1900,
		                                 (unsigned)tm.tm_mon + 1,
		                                 (unsigned)tm.tm_mday),
		                 day);
		assert_int_equal(date_day(day * 86400 + 86399, 0), day);
		assert_int_equal(date_day(day * 86400 + 86399, 1), day + 1);
		assert_int_equal(date_day(day * 86400, -1), day - 1);
	}
}

static const struct {
	int64_t seconds;
	int16_t zone;
	const char *text;
} cases[] = {
	{ 0, 0, "\" 1-Jan-1970 00:00:00 +0000\"" },
	{ -1, 0, "\"31-Dec-1969 23:59:59 +0000\"" },
	{ 951782400, 0, "\"29-Feb-2000 00:00:00 +0000\"" },
	{ 1767225600, 330, "\" 1-Jan-2026 05:30:00 +0530\"" },
	{ 1767225600, -720, "\"31-Dec-2025 12:00:00 -1200\"" },
	{ INT64_C(999999999999), 0, "\" 1-Jan-1970 01:46:39 +0000\"" },
};

static void test_date_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = { 0 };

		reply_date_time(&out, cases[i].seconds, cases[i].zone);
		buf_byte(&out, '\0');
		assert_string_equal(out.data, cases[i].text);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_date_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
