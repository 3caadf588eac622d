/* memory_test.c -- what is beyond the limit isn't given, what is within is. */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool gets(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static void test_limit(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void)state;
	if (pid == 0)
		_exit(!gets(64 << 20) || !memory_limit(32 << 20) ||
		      !gets(16 << 20) || gets(32 << 20));
	waitpid(pid, &status, 0);
	assert_int_equal(0, status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
