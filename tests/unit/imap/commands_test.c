/* commands_test.c -- each command is counted under its own name. */
#include "base/counter.h"
#include "imap/internal.h" /* before cmocka's fail() */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_names_are_the_counters(void **state)
{
	const struct counter_label *l = NULL;

	(void)state;
	for (size_t i = 0; i < n_counter_metrics; i++) {
		if (counter_metrics[i].first == COUNTER_COMMANDS)
			l = &counter_metrics[i].labels[0];
	}
	assert_non_null(l);
	for (size_t i = 0; i + 1 < l->n; i++)
		assert_string_equal(command_name(i), l->values[i]);
	assert_null(command_name(l->n - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_the_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
