/* call_test.c -- command lines, read by the table of verbs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/usage.h"
#include "cli/verb.h"

enum { WORDS = 10 };

static bool parse(const char *const words[WORDS], struct call *out, int *status)
{
	static char *argv[WORDS + 2];
	int argc = 1;

	memset(argv, 0, sizeof argv);
	argv[0] = (char *)"roost";
	for (int i = 0; words[i] != NULL; i++)
		argv[argc++] = (char *)words[i];
	*status = -1;
	return call_parse(argc, argv, out, status);
}

static void understood(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *verb;
		const char *conf;
		const char *user; /* value of --user, where the verb has it */
		const char *arg;
		bool json;
	} rows[] = {
		{ { "status" }, "status", NULL, NULL, NULL, false },
		{ { "status", "--json" }, "status", NULL, NULL, NULL, true },
		{ { "-c", "x", "status" }, "status", "x", NULL, NULL, false },
		{ { "-cx", "status" }, "status", "x", NULL, NULL, false },
		{ { "--config", "x", "status" },
		  "status",
		  "x",
		  NULL,
		  NULL,
		  false },
		{ { "--config=x", "status" },
		  "status",
		  "x",
		  NULL,
		  NULL,
		  false },
		{ { "status", "-c", "x" }, "status", "x", NULL, NULL, false },
		{ { "status", "--config=x" },
		  "status",
		  "x",
		  NULL,
		  NULL,
		  false },
		{ { "user", "add", "a@b" },
		  "user add",
		  NULL,
		  NULL,
		  "a@b",
		  false },
		{ { "user", "show", "--", "-a" },
		  "user show",
		  NULL,
		  NULL,
		  "-a",
		  false },
		{ { "user", "show", "-" },
		  "user show",
		  NULL,
		  NULL,
		  "-",
		  false },
		{ { "import", "mbox", "--user", "u", "p" },
		  "import mbox",
		  NULL,
		  "u",
		  "p",
		  false },
		{ { "import", "mbox", "p", "--user=u" },
		  "import mbox",
		  NULL,
		  "u",
		  "p",
		  false },
		{ { "import", "mbox", "-uu", "p" },
		  "import mbox",
		  NULL,
		  "u",
		  "p",
		  false },
		{ { "import", "mbox", "p", "-u", "-x" },
		  "import mbox",
		  NULL,
		  "-x",
		  "p",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct call c;
		int status;
		bool has_user = strstr(rows[i].verb, "mbox") != NULL;

		assert_true(parse(rows[i].words, &c, &status));
		assert_string_equal(c.verb->name, rows[i].verb);
		assert_int_equal(c.json, rows[i].json);
		assert_int_equal(c.n_args, rows[i].arg != NULL);
		if (rows[i].arg != NULL)
			assert_string_equal(c.args[0], rows[i].arg);
		if (rows[i].conf != NULL)
			assert_string_equal(c.conf, rows[i].conf);
		else
			assert_null(c.conf);
		if (has_user)
			assert_string_equal(call_value(&c, "user"),
			                    rows[i].user);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *words[WORDS];
		int status;
	} rows[] = {
		{ { NULL }, EX_USAGE },
		{ { "-c" }, EX_USAGE },
		{ { "--help" }, EX_OK },
		{ { "--version" }, EX_OK },
		{ { "help" }, EX_OK },
		{ { "help", "user" }, EX_OK },
		{ { "help", "user", "add" }, EX_OK },
		{ { "help", "status" }, EX_OK },
		{ { "help", "frobnicate" }, EX_USAGE },
		{ { "frobnicate" }, EX_USAGE },
		{ { "user" }, EX_USAGE },
		{ { "user", "--help" }, EX_OK },
		{ { "user", "frobnicate" }, EX_USAGE },
		{ { "user", "add" }, EX_USAGE },
		{ { "user", "add", "a", "b" }, EX_USAGE },
		{ { "user", "add", "--help" }, EX_OK },
		{ { "user", "add", "a", "--json" }, EX_USAGE },
		{ { "user", "add", "a", "--password", "x" }, EX_USAGE },
		{ { "user", "add", "a", "-x" }, EX_USAGE },
		{ { "user", "remove", "a", "--yes=1" }, EX_USAGE },
		{ { "import", "mbox", "p", "--user" }, EX_USAGE },
		{ { "import", "mbox", "p", "--user=" }, EX_USAGE },
		{ { "import", "mbox", "p" }, EX_USAGE },
		{ { "export", "maildir", "p", "-m", "x" }, EX_USAGE },
		{ { "deliver" }, EX_USAGE },
		{ { "import", "mbox", "--help" }, EX_OK },
		{ { "status", "-c" }, EX_USAGE },
		{ { "statusx" }, EX_USAGE },
		{ { "stat" }, EX_USAGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct call c;
		int status;

		assert_false(parse(rows[i].words, &c, &status));
		assert_int_equal(status, rows[i].status);
	}
}

/* What a verb can't do without stands in its usage line. */
static void synopsis(void **state)
{
	static const struct {
		const char *verb;
		const char *want;
	} rows[] = {
		{ "import mbox", "import mbox --user USER [options] PATH" },
		{ "export maildir",
		  "export maildir --user USER [options] PATH" },
		{ "deliver", "deliver --destination USER [options]" },
		{ "user remove", "user remove [options] NAME" },
		{ "user add", "user add [options] NAME" },
		{ "user show", "user show NAME" },
		{ "status", "status" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *got = NULL;
		size_t size;
		FILE *out = open_memstream(&got, &size);
		size_t k = 0;

		while (strcmp(verbs[k].name, rows[i].verb) != 0)
			k++;
		usage_synopsis(out, &verbs[k]);
		fclose(out);
		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

/* Every verb explains itself, and has a function to run. */
static void every_verb(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_verbs; i++) {
		char first[32];
		char *second;
		struct call c;
		int status;

		assert_non_null(verbs[i].run);
		assert_true(verbs[i].least <= verbs[i].most);
		strcpy(first, verbs[i].name);
		second = strchr(first, ' ');
		if (second != NULL)
			*second++ = 0;
		assert_false(parse(
			(const char *const[WORDS]){
				first, second != NULL ? second : "--help",
				second != NULL ? "--help" : NULL },
			&c, &status));
		assert_int_equal(status, EX_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood),
		cmocka_unit_test(refused),
		cmocka_unit_test(synopsis),
		cmocka_unit_test(every_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
