/* watch_test.c -- who is called, and what stays armed meanwhile. */
#include "gate/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct watch *watch;
	int fds[2];
	int calls;
};

static void count(void *arg)
{
	struct fixture *f = arg;

	f->calls++;
}

static void turns(struct fixture *f, int n)
{
	while (n-- > 0)
		uv_run(loop_uv(f->loop), UV_RUN_NOWAIT);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .loop = loop_new() };
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f.fds), 0);
	f.watch = watch_new(f.loop, f.fds[0], count, &f);
	assert_non_null(f.watch);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	watch_free(f->watch);
	close(f->fds[0]);
	if (f->fds[1] >= 0)
		close(f->fds[1]);
	loop_free(f->loop);
	return 0;
}

static void test_only_what_is_wanted(void **state)
{
	struct fixture *f = *state;

	watch_for(f->watch, UV_READABLE);
	turns(f, 2);
	assert_int_equal(f->calls, 0);
	watch_for(f->watch, 0);
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	turns(f, 3);
	assert_int_equal(f->calls, 0);
	watch_for(f->watch, UV_READABLE);
	turns(f, 2);
	assert_true(f->calls > 0);
}

static void test_writing_while_there_is_input(void **state)
{
	struct fixture *f = *state;

	watch_for(f->watch, UV_READABLE);
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	watch_for(f->watch, UV_WRITABLE);
	turns(f, 3);
	assert_true(f->calls > 0);
	watch_for(f->watch, 0);
	f->calls = 0;
	turns(f, 3);
	assert_int_equal(f->calls, 0);
}

/* The other end goes while nobody wants to know. */
static void test_end_is_not_missed(void **state)
{
	struct fixture *f = *state;

	watch_for(f->watch, UV_READABLE);
	watch_for(f->watch, 0);
	close(f->fds[1]);
	f->fds[1] = -1;
	turns(f, 3);
	assert_int_equal(f->calls, 0);
	watch_for(f->watch, UV_READABLE);
	turns(f, 2);
	assert_true(f->calls > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_what_is_wanted, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(
			test_writing_while_there_is_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_is_not_missed, setup,
		                                teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
