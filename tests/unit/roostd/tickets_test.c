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

static struct ticket_holder holder(uint64_t account, uint64_t credential,
                                   const char *hidden)
{
	struct ticket_holder h = { .account = account,
		                   .credential = credential };

	if (hidden != NULL)
		h.hidden = strdup(hidden);
	return h;
}

static void test_once(void **state)
{
	struct tickets t = { 0 };
	struct ticket_holder who = { 0 };

	(void)state;
	tickets_add(&t, 0, SECRET_A, SESSION_A, holder(7, 0, "UIDONLY"));
	tickets_add(&t, 0, SECRET_B, SESSION_B, holder(8, 0, NULL));
	assert_false(tickets_take(&t, 1, SECRET_A, SESSION_B, &who));
	assert_false(tickets_take(&t, 1, S(""), SESSION_A, &who));
	assert_false(tickets_take(&t, 1, S("aaaaaaaa"), SESSION_A, &who));
	assert_true(tickets_take(&t, 1, SECRET_B, SESSION_B, &who));
	assert_int_equal(who.account, 8);
	assert_null(who.hidden);
	assert_true(tickets_take(&t, 1, SECRET_A, SESSION_A, &who));
	assert_int_equal(who.account, 7);
	assert_string_equal(who.hidden, "UIDONLY");
	free(who.hidden);
	assert_false(tickets_take(&t, 1, SECRET_A, SESSION_A, &who));
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
		struct ticket_holder who;

		tickets_add(&t, 100, SECRET_A, SESSION_A, holder(7, 0, NULL));
		assert_int_equal(tickets_take(&t, rows[i].at_ms, SECRET_A,
		                              SESSION_A, &who),
		                 rows[i].good);
		tickets_free(&t);
	}
}

static void test_void(void **state)
{
	struct tickets t = { 0 };
	struct ticket_holder who;

	(void)state;
	tickets_add(&t, 0, SECRET_A, SESSION_A, holder(7, 0, NULL));
	tickets_add(&t, 0, SECRET_B, SESSION_B, holder(8, 0, NULL));
	tickets_add(&t, 0, SECRET_A, SESSION_B, holder(7, 0, "UIDONLY"));
	tickets_void(&t, 7, 0);
	assert_false(tickets_take(&t, 0, SECRET_A, SESSION_A, &who));
	assert_false(tickets_take(&t, 0, SECRET_A, SESSION_B, &who));
	assert_true(tickets_take(&t, 0, SECRET_B, SESSION_B, &who));
	assert_int_equal(who.account, 8);
	tickets_free(&t);
}

/* A credential that is taken back voids what it let in, and nothing else. */
static void test_void_credential(void **state)
{
	struct tickets t = { 0 };
	struct ticket_holder who;

	(void)state;
	tickets_add(&t, 0, SECRET_A, SESSION_A, holder(7, 3, "UIDONLY"));
	tickets_add(&t, 0, SECRET_A, SESSION_B, holder(7, 4, NULL));
	tickets_add(&t, 0, SECRET_B, SESSION_B, holder(8, 3, NULL));
	tickets_void(&t, 7, 3);
	assert_false(tickets_take(&t, 0, SECRET_A, SESSION_A, &who));
	assert_true(tickets_take(&t, 0, SECRET_A, SESSION_B, &who));
	assert_int_equal(who.credential, 4);
	assert_true(tickets_take(&t, 0, SECRET_B, SESSION_B, &who));
	tickets_free(&t);
}

/* However many come and are never taken, memory is bounded. */
static void test_bound(void **state)
{
	struct tickets t = { 0 };
	struct ticket_holder who;
	char secret[TICKET_SIZE] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < TICKETS_MOST + 10; i++) {
		memcpy(secret, &i, sizeof i);
		tickets_add(&t, 0, slice_of(secret, sizeof secret), SESSION_A,
		            holder(i, 0, NULL));
		assert_true(t.n <= TICKETS_MOST);
	}
	assert_true(tickets_take(&t, 0, slice_of(secret, sizeof secret),
	                         SESSION_A, &who));
	assert_int_equal(who.account, TICKETS_MOST + 9);
	memset(secret, 0, sizeof secret);
	assert_false(tickets_take(&t, 0, slice_of(secret, sizeof secret),
	                          SESSION_A, &who));
	tickets_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_runs_out),
		cmocka_unit_test(test_void),
		cmocka_unit_test(test_void_credential),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
