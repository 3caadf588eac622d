/* tickets_test.c -- a ticket is good once, in time, for its session. */
#include "roostd/tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET_A  S("aaaaaaaaaaaaaaaa")
#define SECRET_B  S("bbbbbbbbbbbbbbbb")
#define SESSION_A S("0123456789abcdef")
#define SESSION_B S("fedcba9876543210")

static void test_once(void **state)
{
	struct tickets t = { 0 };
	uint64_t account = 0;
	char *hidden;

	(void)state;
	tickets_add(&t, 0, SECRET_A, SESSION_A, 7, S("UIDONLY"));
	tickets_add(&t, 0, SECRET_B, SESSION_B, 8, S(""));
	assert_false(
		tickets_take(&t, 1, SECRET_A, SESSION_B, &account, &hidden));
	assert_false(tickets_take(&t, 1, S(""), SESSION_A, &account, &hidden));
	assert_false(tickets_take(&t, 1, S("aaaaaaaa"), SESSION_A, &account,
	                          &hidden));
	assert_true(
		tickets_take(&t, 1, SECRET_B, SESSION_B, &account, &hidden));
	assert_int_equal(account, 8);
	assert_null(hidden);
	assert_true(
		tickets_take(&t, 1, SECRET_A, SESSION_A, &account, &hidden));
	assert_int_equal(account, 7);
	assert_string_equal(hidden, "UIDONLY");
	free(hidden);
	assert_false(
		tickets_take(&t, 1, SECRET_A, SESSION_A, &account, &hidden));
	tickets_free(&t);
}

static void test_runs_out(void **state)
{
	static const struct {
		uint64_t at_ms;
		bool good;
	} rows[] = { { 100, true },
		     { 100 + TICKET_MS - 1, true },
		     { 100 + TICKET_MS, false },
		     { UINT64_MAX, false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tickets t = { 0 };
		uint64_t account;
		char *hidden;

		tickets_add(&t, 100, SECRET_A, SESSION_A, 7, S(""));
		assert_int_equal(tickets_take(&t, rows[i].at_ms, SECRET_A,
		                              SESSION_A, &account, &hidden),
		                 rows[i].good);
		tickets_free(&t);
	}
}

static void test_void(void **state)
{
	struct tickets t = { 0 };
	uint64_t account;
	char *hidden;

	(void)state;
	tickets_add(&t, 0, SECRET_A, SESSION_A, 7, S(""));
	tickets_add(&t, 0, SECRET_B, SESSION_B, 8, S(""));
	tickets_add(&t, 0, SECRET_A, SESSION_B, 7, S("UIDONLY"));
	tickets_void(&t, 7);
	assert_false(
		tickets_take(&t, 0, SECRET_A, SESSION_A, &account, &hidden));
	assert_false(
		tickets_take(&t, 0, SECRET_A, SESSION_B, &account, &hidden));
	assert_true(
		tickets_take(&t, 0, SECRET_B, SESSION_B, &account, &hidden));
	assert_int_equal(account, 8);
	tickets_free(&t);
}

/* However many come and are never taken, memory is bounded. */
static void test_bound(void **state)
{
	struct tickets t = { 0 };
	uint64_t account;
	char *hidden;
	char secret[TICKET_SIZE] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < TICKETS_MOST + 10; i++) {
		memcpy(secret, &i, sizeof i);
		tickets_add(&t, 0, slice_of(secret, sizeof secret), SESSION_A,
		            i, S(""));
		assert_true(t.n <= TICKETS_MOST);
	}
	assert_true(tickets_take(&t, 0, slice_of(secret, sizeof secret),
	                         SESSION_A, &account, &hidden));
	assert_int_equal(account, TICKETS_MOST + 9);
	memset(secret, 0, sizeof secret);
	assert_false(tickets_take(&t, 0, slice_of(secret, sizeof secret),
	                          SESSION_A, &account, &hidden));
	tickets_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_runs_out),
		cmocka_unit_test(test_void),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
