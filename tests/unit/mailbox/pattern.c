/*
 * pattern.c -- the patterns of LIST.
 * behaviour 66, behaviour 75
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../edge.h"
#include "mailbox/pattern.h"

static bool matches(struct slice name, struct slice text)
{
	struct arena *a = arena_new(SIZE_MAX);
	bool does = pattern_matches(pattern_new(text, a), name);

	arena_free(a);
	return does;
}

static void matching(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "*", "", true },
		{ "%", "", true },
		{ "*", "a/b/c", true },
		{ "%", "a", true },
		{ "%", "a/b", false },
		{ "%/%", "a/b", true },
		{ "%/%", "a/b/c", false },
		{ "a/%", "a/b", true },
		{ "a/%", "a", false },
		{ "a/*", "a/b/c", true },
		{ "a*", "a/b/c", true },
		{ "a*c", "a/b/c", true },
		{ "a%c", "a/b/c", false },
		{ "%b*", "a/ab", false },
		{ "*%b", "a/ab", true },
		{ "**", "x", true },
		{ "%%", "a/b", false },
		{ "*/%", "a/b/c", true },
		{ "%a%b", "aab/aab", false },
		{ "%a%/b", "aaa/b", true },
		{ "%/%a%", "b/ca", true },
		{ "%/%a%", "b/c/a", false },
		{ "*a%c", "a/ab/abc", true },
		{ "*a%c*b", "a/ab/abc", false },
		{ "%*%b", "a/b", true },
		{ "inbox", "INBOX", true },
		{ "InB%", "INBOX", true },
		{ "inbox/a", "INBOX/a", true },
		{ "inbox/A", "INBOX/a", false },
		{ "A", "a", false },
		{ "inboxes", "INBOXES", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice p = edge_of(slice_cstr(cases[i].pattern));
		struct slice n = edge_of(slice_cstr(cases[i].name));

		if (matches(n, p) != cases[i].matches)
			fail_msg("%s and %s", cases[i].pattern, cases[i].name);
	}
}

/* Each place where a literal or a wildcard is in a word of states. */
static void long_patterns(void **state)
{
	char name[LIMIT_NAME];
	char text[LIMIT_NAME + 1];

	(void)state;
	memset(name, 'a', sizeof name);
	for (size_t i = 1; i < sizeof name; i++) {
		struct slice whole = slice_of(name, i);

		memcpy(text, name, i);
		text[i] = '*';
		assert_true(matches(whole, whole));
		assert_true(matches(whole, slice_of(text, i + 1)));
		assert_false(matches(slice_of(name, i - 1), whole));
		text[i / 2] = '%';
		assert_true(matches(whole, slice_of(text, i + 1)));
		text[0] = 'b';
		assert_false(matches(whole, slice_of(text, i + 1)));
	}
}

/* As many wildcards as there can be and a name that just misses. */
static void hard_pattern(void **state)
{
	char text[PATTERN_MOST];
	char name[LIMIT_NAME];

	(void)state;
	memset(name, 'a', sizeof name);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 != 0 && i < sizeof name ? 'a' : '*';
	assert_true(matches(slice_of(name, sizeof name),
	                    slice_of(text, sizeof text)));
	text[sizeof text - 1] = 'b';
	assert_false(matches(slice_of(name, sizeof name),
	                     slice_of(text, sizeof text)));
	memset(text, 'a', sizeof text);
	assert_false(matches(slice_of(name, sizeof name),
	                     slice_of(text, sizeof text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching),
		cmocka_unit_test(long_patterns),
		cmocka_unit_test(hard_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
