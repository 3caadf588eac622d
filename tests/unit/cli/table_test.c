/* table_test.c -- what a person and what a program sees of a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/table.h"

static const char *const columns[] = { "name", "created", "partition", "tls",
	                               "value" };

static void assert_prints(const struct table *t, bool json, const char *want)
{
	char *got;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	assert_true(table_print(t, json, out));
	fclose(out);
	assert_string_equal(got, want);
	free(got);
}

static struct table *two_rows(void)
{
	const struct slice one[] = { S("J\xc3\xb6rg"), S("1795235400"), S("3"),
		                     S("yes"), S("12") };
	const struct slice two[] = {
		S("a\x1b[2Jb\xff"), S(""), S("x"), S("no"), S("no"),
		S("too much")
	};
	struct table *t = table_new(columns, 5);

	table_add(t, one, 5);
	table_add(t, two, 6);
	return t;
}

static void for_a_person(void **state)
{
	struct table *t = two_rows();

	(void)state;
	assert_int_equal(table_rows(t), 2);
	assert_prints(
		t, false,
		"name     created               partition  tls  value\n"
		"J\xc3\xb6rg     2026-11-21T04:30:00Z  3          yes  12\n"
		"a?[2Jb\xef\xbf\xbd  -                     x          no   no\n");
	table_free(t);
}

/* What a policy says is its own word. */
static void beside_a_policy(void **state)
{
	static const char *const names[] = { "policy", "value" };
	const struct slice row[] = { S("suspended"), S("no") };
	struct table *t = table_new(names, 2);

	(void)state;
	table_add(t, row, 2);
	assert_prints(t, true,
	              "[\n  {\n    \"policy\": \"suspended\",\n"
	              "    \"value\": \"no\"\n  }\n]\n");
	table_free(t);
}

static void for_a_program(void **state)
{
	struct table *t = two_rows();

	(void)state;
	assert_prints(t, true,
	              "[\n  {\n"
	              "    \"name\": \"J\xc3\xb6rg\",\n"
	              "    \"created\": \"2026-11-21T04:30:00Z\",\n"
	              "    \"partition\": 3,\n"
	              "    \"tls\": true,\n"
	              "    \"value\": 12\n  },\n  {\n"
	              "    \"name\": \"a\\u001B[2Jb\xef\xbf\xbd\",\n"
	              "    \"created\": null,\n"
	              "    \"partition\": null,\n"
	              "    \"tls\": false,\n"
	              "    \"value\": false\n  }\n]\n");
	table_free(t);
}

static void empty(void **state)
{
	struct table *t = table_new(columns, 5);
	const struct slice none = { 0 };

	(void)state;
	assert_prints(t, false, "");
	assert_prints(t, true, "[]\n");
	table_add(t, &none, 0); /* a short row is filled up */
	assert_prints(t, false,
	              "name  created  partition  tls  value\n"
	              "-     -        -          -    -\n");
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_a_person),
		cmocka_unit_test(for_a_program),
		cmocka_unit_test(beside_a_policy),
		cmocka_unit_test(empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
