/*
 * verdict_test.c -- a verdict is of one account, credential, generation,
 * mechanism and secret, and ends in time.
 */
#include "auth/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct verdict_subject subject = { 1, 2, 3, N("PLAIN"),
	                                        N("secret") };

static void only_the_same(void **state)
{
	const struct verdict_subject others[] = {
		{ 2, 2, 3, N("PLAIN"), N("secret") },
		{ 1, 3, 3, N("PLAIN"), N("secret") },
		{ 1, 2, 4, N("PLAIN"), N("secret") },
		{ 1, 2, 3, N("LOGIN"), N("secret") },
		{ 1, 2, 3, N("PLAIN"), N("secrets") },
		{ 1, 2, 3, N("PLAIN"), N("") },
		/* where one ends and the next begins */
		{ 1, 2, 3, N("PLAI"), N("Nsecret") },
		{ 1, 2, 3, N("PLAINs"), N("ecret") },
		{ 2, 1, 3, N("PLAIN"), N("secret") },
	};
	struct verdicts *v = verdicts_new();
	struct verdict_key key = verdict_key(v, &subject);
	struct verdict_key again = verdict_key(v, &subject);

	(void)state;
	assert_memory_equal(&key, &again, sizeof key);
	assert_false(verdicts_has(v, &key, 1));
	verdicts_add(v, &key, 0, 1000);
	assert_true(verdicts_has(v, &key, 999));
	assert_false(verdicts_has(v, &key, 1000));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct verdict_key other = verdict_key(v, &others[i]);

		assert_false(verdicts_has(v, &other, 1));
	}
	verdicts_free(v);
}

/* Another process's key, or a new table's, knows nothing of ours. */
static void keyed(void **state)
{
	struct verdicts *a = verdicts_new();
	struct verdicts *b = verdicts_new();
	struct verdict_key x = verdict_key(a, &subject);
	struct verdict_key y = verdict_key(b, &subject);

	(void)state;
	assert_memory_not_equal(&x, &y, sizeof x);
	verdicts_free(a);
	verdicts_free(b);
}

/* However many there are, the table is what it is, and the last are there. */
static void many(void **state)
{
	struct verdicts *v = verdicts_new();
	struct verdict_subject s = subject;
	size_t there = 0;

	(void)state;
	for (s.account = 1; s.account <= 100000; s.account++) {
		struct verdict_key key = verdict_key(v, &s);

		verdicts_add(v, &key, s.account, s.account + 300000);
		assert_true(verdicts_has(v, &key, s.account));
	}
	for (s.account = 90001; s.account <= 100000; s.account++) {
		struct verdict_key key = verdict_key(v, &s);

		there += verdicts_has(v, &key, 100000);
	}
	assert_in_range(there, 9000, 10000);
	verdicts_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_same),
		cmocka_unit_test(keyed),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
