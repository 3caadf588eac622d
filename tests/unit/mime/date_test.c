/* date_test.c -- Date: fields, those of the RFC and those of the world. */
#include "mime/date.h"

#include "text_cases.h"

static void write_date(struct slice in, struct buf *out)
{
	int64_t sent;
	int16_t zone;

	if (date_parse(in, &sent, &zone))
		buf_printf(out, "%lld %d", (long long)sent, zone);
}

static void test_dates(void **state)
{
	static const struct text_case cases[] = {
		{ "Thu, 1 Jan 1970 00:00:00 +0000", "0 0" },
		{ "Fri, 21 Nov 1997 09:55:06 -0600", "880127706 -360" },
		{ "Thu,\r\n\t13\r\n\tFeb\r\n\t1969\r\n\t23:32\r\n\t-0330 "
		  "(Newfoundland Time)",
		  "-27723480 -210" },
		{ "21 Nov 97 09:55:06 GMT", "880106106 0" },
		{ "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
		  "880127706 -360" },
		{ "Fri, 21 Nov 1997 09 : 55 (: 06) -0600", "880127700 -360" },
		{ "29 Feb 2000 12:00:00 +0000", "951825600 0" },
		{ "29 Feb 2100 12:00:00 +0000", "" },
		{ "31 Apr 2000 12:00:00 +0000", "" },
		{ "1 Jan 2038 03:14:08 +0000", "2145928448 0" },
		{ "1 Jan 2000 23:59:60 +0000", "946771200 0" },
		{ "1 Jan 2000 24:00:00 +0000", "946684800 0" },
		{ "1 Jan 2000 10:60 +0100", "946681200 60" },
		{ "1 Jan 2000 10:", "946684800 0" },
		{ "1 Jan 2000 10.30 +0000", "946684800 0" },
		{ "1 Jan 2000 at 10:30", "946722600 0" },
		{ "1 Jan 00 00:00 EST", "946702800 -300" },
		{ "1 Jan 100 00:00 Z", "946684800 0" },
		{ "1 Jan 0100 00:00 +0000", "946684800 0" },
		{ "1 Jan 2000 00:00:00", "946684800 0" },
		{ "1 Jan 2000 00:00:00 +9999", "946684800 0" },
		{ "Sat Jan  1 00:00:00 2000", "946684800 0" },
		{ "1-Jan-2000 00:00:00 +0100", "946681200 60" },
		{ "Samstag, 1 Jan 2000 00:00:00 +0000", "" },
		{ "1 Jan 2000", "946684800 0" },
		{ "1 Jan", "" },
		{ "10:30", "" },
		{ ":1:2:3:", "" },
		{ "", "" },
		{ "(((((", "" },
		{ "1 Jan 2000 00:00:00 (\\", "946684800 0" },
		{ "99999999999999999999 Jan 2000 00:00:00", "" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), write_date);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
