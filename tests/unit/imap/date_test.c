/* date_test.c -- an instant's day, and its date-time. */
#include "imap/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_days(void **state)
{
	(void)state;
	assert_int_equal(date_day(86399, 0), 0);
	assert_int_equal(date_day(86399, 1), 1);
	assert_int_equal(date_day(0, -1), -1);
	assert_int_equal(date_day(-1, 0), -1);
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
