/* figures_test.c -- what `roost doctor` thinks of a partition's figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/doctor_figures.h"

#define MIB(n) ((uint64_t)(n) << 20)

enum { NOTHING, PACKS, INDEX, DISK };

static const char *const begins[] = {
	[NOTHING] = "",
	[PACKS] = "  warning  mail/7: 300 of 600 MiB are of what was expunged\n"
		  "           -> their room should be given back",
	[INDEX] = "  error    mail/7: 80 MiB, and there is room for 100\n"
		  "           -> when it is full nothing can be added",
	[DISK] = "  error    mail/7: there was no room when it was last",
};

static const struct {
	struct figures figures;
	int bad;
} cases[] = {
	{ { 0 }, NOTHING },
	{ { MIB(600), MIB(300), 0, 0, false }, PACKS },
	{ { MIB(600), MIB(300) - 1, 0, 0, false }, NOTHING },
	{ { MIB(300), MIB(255), 0, 0, false }, NOTHING },
	{ { 0, 0, MIB(80), MIB(100), false }, INDEX },
	{ { 0, 0, MIB(79), MIB(100), false }, NOTHING },
	{ { 0, 0, UINT64_MAX / 2, UINT64_MAX, false }, NOTHING },
	{ { MIB(9), MIB(1), MIB(9), MIB(100), true }, DISK },
};

static char *text_of(const struct figures *f)
{
	struct report *r = report_new();
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	figures_judge(f, r, "mail/7");
	assert_true(report_print(r, REPORT_TEXT, out));
	fclose(out);
	report_free(r);
	return text;
}

static void judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = text_of(&cases[i].figures);

		assert_non_null(strstr(text, begins[cases[i].bad]));
		assert_int_equal(cases[i].bad == NOTHING,
		                 strstr(text, "->") == NULL);
		free(text);
	}
}

static void taken_by_name(void **state)
{
	struct figures f = { 0 };

	(void)state;
	figures_take(&f, S("pack_bytes"), S("5"));
	figures_take(&f, S("dead_bytes"), S("4"));
	figures_take(&f, S("index_bytes"), S("3"));
	figures_take(&f, S("index_limit"), S("18446744073709551615"));
	figures_take(&f, S("disk_full"), S("1"));
	figures_take(&f, S("messages"), S("9"));
	assert_int_equal(f.pack_bytes, 5);
	assert_int_equal(f.dead_bytes, 4);
	assert_int_equal(f.index_bytes, 3);
	assert_int_equal(f.index_limit, UINT64_MAX);
	assert_true(f.disk_full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged),
		cmocka_unit_test(taken_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
