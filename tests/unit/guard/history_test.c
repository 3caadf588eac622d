/* history_test.c -- what is counted outlives the process, whatever the disk
 * refused in between. */
#include "guard/history.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "task/task.h"

enum { START = 1790000000, TRIES = 4 };

static const struct limit_rules limits = { .per_account = TRIES - 1,
	                                   .lock_s = 60,
	                                   .lock_most_s = 3600 };
static const struct history_rules rules = { 86400, 86400, 100, 1000 };

struct store {
	char path[64];
	struct history *history;
	struct limits *limits;
};

static void store_open(struct store *s)
{
	assert_true(is_ok(history_open(s->path, S("x"), rules, &s->history)));
	s->limits = limits_new(S("x"), limits);
	assert_true(is_ok(history_restore(s->history, s->limits)));
}

static void store_close(struct store *s)
{
	limits_free(s->limits);
	history_close(s->history);
}

static struct limit_try try_of(unsigned n)
{
	static char secret[16];

	snprintf(secret, sizeof secret, "wrong %u", n);
	return (struct limit_try){ .name = S("ann@example.org"),
		                   .account = 1,
		                   .secret = slice_cstr(secret),
		                   .generation = 1 };
}

static uint32_t failures(struct store *s)
{
	struct limit_try t = try_of(0);

	return limits_failures(s->limits, &t, START);
}

static void lock_out(struct store *s)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct limit_try t = try_of(i);

		if (limits_ask(s->limits, &t, START) == LIMIT_MAY)
			limits_end(s->limits, &t, true, START);
	}
}

static enum err_code write_it(struct store *s)
{
	return history_write(s->history, s->limits, START).code;
}

static enum err_code write_on_full_disk(struct store *s)
{
	struct rlimit old, none;
	enum err_code code;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = (struct rlimit){ 1, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	code = write_it(s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	return code;
}

static void cleared(struct loop *loop, void *arg)
{
	struct store *s = arg;

	(void)loop;
	store_open(s);
	lock_out(s);
	assert_int_equal(write_it(s), ERR_OK);
	store_close(s);
	store_open(s);
	assert_int_not_equal(failures(s), 0);
	assert_int_equal(
		limits_clear(s->limits, S("ann@example.org"), 1, START), 1);
	assert_int_equal(failures(s), 0);
	assert_int_not_equal(write_on_full_disk(s), ERR_OK);
	assert_int_equal(write_it(s), ERR_OK);
	store_close(s);
	store_open(s);
	assert_int_equal(failures(s), 0);
	store_close(s);
}

/* A lock-out that was cleared does not come back, though the disk was full
 * when it was. */
static void test_cleared(void **state)
{
	char dir[] = "/tmp/roost-history-test-XXXXXX";
	struct store s = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(s.path, sizeof s.path, "%s/history.sqlite", dir);
	signal(SIGXFSZ, SIG_IGN);
	task_run_main(cleared, &s);
	remove_all(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
