/* report_test.c -- each check as people and as machines read it. */
#include "doctor/report.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const severities[] = { "ok", "note", "warning", "error" };

/* To be freed. */
static char *print(const struct report *r, enum report_form form)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_true(report_print(r, form, out));
	fclose(out);
	return text;
}

static const char *value(const json_t *finding, const char *name)
{
	const char *s = json_string_value(json_object_get(finding, name));

	assert_non_null(s);
	return s;
}

/* The only finding of a report, to be given back. */
static json_t *only(const struct report *r)
{
	char *text = print(r, REPORT_JSON);
	json_t *all = json_loads(text, 0, NULL);
	json_t *one = json_incref(json_array_get(all, 0));

	assert_int_equal(json_array_size(all), 1);
	json_decref(all);
	free(text);
	return one;
}

static void assert_good(enum check check)
{
	struct report *r = report_new();
	json_t *one;
	char *text, *all;

	report_good(r, check, "subject", "seen %d", 7);
	one = only(r);
	assert_string_equal(value(one, "severity"), "ok");
	assert_string_equal(value(one, "text"), "seen 7");
	assert_string_equal(value(one, "advice"), "");
	assert_int_equal(report_count(r, GOOD), 1);
	text = print(r, REPORT_TEXT);
	assert_null(strstr(text, "subject"));
	assert_non_null(strstr(text, ": 1 of 1 checks are well\n"));
	assert_non_null(strstr(text, "errors: 0, warnings: 0, notes: 0\n"));
	all = print(r, REPORT_ALL);
	assert_non_null(strstr(all, "  ok       subject: seen 7\n"));
	assert_null(strstr(all, "->"));
	json_decref(one);
	free(text);
	free(all);
	report_free(r);
}

static size_t severity_of(const struct report *r)
{
	size_t s = NOTE;

	while (s < SEVERITIES && report_count(r, (enum severity)s) == 0)
		s++;
	assert_in_range(s, NOTE, ERROR);
	return s;
}

static void assert_bad(enum check check)
{
	struct report *r = report_new();
	char line[1024];
	json_t *one;
	char *text;

	report_bad(r, check, "subject", "seen %d", 7);
	one = only(r);
	assert_string_equal(value(one, "severity"), severities[severity_of(r)]);
	assert_true(strlen(value(one, "advice")) > 10);
	snprintf(line, sizeof line,
	         "%s: 0 of 1 checks are well\n"
	         "  %-8s subject: seen 7\n"
	         "           -> %s\n",
	         value(one, "layer"), value(one, "severity"),
	         value(one, "advice"));
	text = print(r, REPORT_TEXT);
	assert_memory_equal(text, line, strlen(line));
	json_decref(one);
	free(text);
	report_free(r);
}

static void test_each(void **state)
{
	(void)state;
	for (int check = 0; check < CHECKS; check++) {
		assert_good((enum check)check);
		assert_bad((enum check)check);
	}
}

/* Scripts ask for them. */
static void test_names(void **state)
{
	struct report *r = report_new();
	json_t *all, *one, *names = json_object();
	char *text;
	size_t i;

	(void)state;
	for (int check = 0; check < CHECKS; check++)
		report_bad(r, (enum check)check, "", "%s", "");
	text = print(r, REPORT_JSON);
	all = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(all), CHECKS);
	json_array_foreach(all, i, one)
		json_object_set(names, value(one, "check"), one);
	assert_int_equal(json_object_size(names), CHECKS);
	json_decref(names);
	json_decref(all);
	free(text);
	report_free(r);
}

/* What was seen is foreign. */
static void test_foreign(void **state)
{
	struct report *r = report_new();
	json_t *one;
	char *text;

	(void)state;
	report_bad(r, CHECK_GREETING, "a\nb", "\x1b[2J\xff\r\n  ok  x");
	text = print(r, REPORT_TEXT);
	assert_non_null(strstr(text, "a?b: ?[2J"));
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\n  ok"));
	one = only(r);
	json_decref(one);
	free(text);
	report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
