/* resumption_keys_test.c -- generations, and what a child has of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roostd/resumption_keys.h"

static void test_generations(void **state)
{
	struct resumption_keys *k = resumption_keys_new();
	struct resumption_keys old = *k;

	(void)state;
	assert_memory_not_equal(k->now, k->before, sizeof k->now);
	resumption_keys_renew(k);
	assert_memory_equal(k->before, old.now, sizeof old.now);
	assert_memory_not_equal(k->now, old.now, sizeof old.now);
	resumption_keys_free(k);
}

static bool is_zero(const struct resumption_keys *k)
{
	const struct resumption_keys none = { 0 };

	return memcmp(k, &none, sizeof none) == 0;
}

static void test_a_child_has_none(void **state)
{
	struct resumption_keys *k = resumption_keys_new();
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(is_zero(k) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_false(is_zero(k));
	resumption_keys_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_a_child_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
