/*
 * admission_test.c -- who is pushed out, at each limit and one beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gate/admission.h"
#include "ipc/requests.h"

enum { MOST = 64 };

static struct admission *all;
static struct guest *gone[MOST];
static size_t n_gone;

static void evict(struct guest *g)
{
	admission_leave(all, g);
	gone[n_gone++] = g;
}

static int setup(void **state)
{
	static const struct gate_limits limits = { 3, 6, 8, 20, 0, 0, 0 };

	(void)state;
	n_gone = 0;
	all = admission_new(evict);
	admission_set_limits(all, &limits);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	admission_free(all);
	return 0;
}

static bool enter(struct guest *g, const char *from, bool is_trusted)
{
	struct network n;

	*g = (struct guest){ 0 };
	assert_true(network_parse(slice_cstr(from), &n));
	return admission_enter(all, g, &n.base, is_trusted);
}

static void leave_all(struct guest *g, size_t n)
{
	for (size_t i = 0; i < n; i++)
		admission_leave(all, &g[i]);
}

static void test_host(void **state)
{
	struct guest g[5];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(enter(&g[i], "192.0.2.1", false));
	assert_true(enter(&g[3], "192.0.2.2", false));
	assert_int_equal(n_gone, 0);
	assert_true(enter(&g[4], "192.0.2.1", false));
	assert_int_equal(n_gone, 1);
	assert_ptr_equal(gone[0], &g[0]);
	leave_all(g, 5);
}

/* All addresses of an IPv6 /64 are one host, of a /56 one site. */
static void test_ipv6(void **state)
{
	struct guest g[9];
	char from[64];

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(from, sizeof from, "2001:db8::%d", i + 1);
		assert_true(enter(&g[i], from, false));
	}
	assert_ptr_equal(gone[0], &g[0]);
	for (int i = 4; i < 7; i++) {
		snprintf(from, sizeof from, "2001:db8:0:%d::1", i);
		assert_true(enter(&g[i], from, false));
	}
	assert_int_equal(n_gone, 1);
	assert_true(enter(&g[7], "2001:db8:0:9::1", false));
	assert_ptr_equal(gone[1], &g[1]);
	/* another site of the same network */
	assert_true(enter(&g[8], "2001:db8:0:100::1", false));
	assert_int_equal(n_gone, 2);
	leave_all(g, 9);
}

static void test_network(void **state)
{
	struct guest g[9];
	char from[64];

	(void)state;
	for (int i = 0; i < 9; i++) {
		snprintf(from, sizeof from, "192.0.2.%d", i);
		assert_true(enter(&g[i], from, false));
	}
	assert_int_equal(n_gone, 1);
	assert_ptr_equal(gone[0], &g[0]);
	leave_all(g, 9);
}

/* Full: the oldest of the largest network goes, not the oldest of all. */
static void test_everybody(void **state)
{
	struct guest g[22];
	char from[64];

	(void)state;
	for (int i = 0; i < 20; i++) {
		/* 192.0.2.0/24 has 7, the others one each */
		if (i >= 5 && i < 12)
			snprintf(from, sizeof from, "192.0.2.%d", i);
		else
			snprintf(from, sizeof from, "198.51.%d.1", i);
		assert_true(enter(&g[i], from, false));
	}
	assert_int_equal(n_gone, 0);
	assert_true(enter(&g[20], "203.0.113.1", false));
	assert_true(enter(&g[21], "203.0.113.2", false));
	assert_int_equal(n_gone, 2);
	assert_ptr_equal(gone[0], &g[5]);
	assert_ptr_equal(gone[1], &g[6]);
	leave_all(g, 22);
}

/* Credentials in flight: never pushed out; back in line when refused. */
static void test_hold(void **state)
{
	struct guest g[5];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(enter(&g[i], "192.0.2.1", false));
		admission_hold(all, &g[i]);
	}
	assert_false(enter(&g[3], "192.0.2.1", false));
	admission_unhold(all, &g[1]);
	assert_true(enter(&g[4], "192.0.2.1", false));
	assert_int_equal(n_gone, 1);
	assert_ptr_equal(gone[0], &g[1]);
	leave_all(g, 5);
}

/* The trusted have no limit by prefix, but count among everybody. */
static void test_trusted(void **state)
{
	struct guest g[22];

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(enter(&g[i], "192.0.2.1", true));
	assert_false(enter(&g[20], "192.0.2.1", true));
	assert_false(enter(&g[21], "203.0.113.1", false));
	assert_int_equal(n_gone, 0);
	leave_all(g, 22);
}

static unsigned answered;

static void on_answer(void *arg, struct frame_in *f)
{
	(void)f;
	answered += *(unsigned *)arg;
}

/* Answers find who asked: once, and nobody who gave up. */
static void test_refusals(void **state)
{
	struct guest g[4];

	(void)state;
	assert_true(enter(&g[0], "192.0.2.1", false));
	assert_true(enter(&g[1], "192.0.2.1", false));
	assert_true(enter(&g[2], "192.0.2.2", false));
	assert_true(enter(&g[3], "192.0.2.1", true));
	assert_int_equal(admission_refuse(&g[0], 5000, 2000), 5000);
	assert_int_equal(admission_refuse(&g[1], 5000, 2000), 7000);
	assert_int_equal(admission_refuse(&g[0], 5500, 2000), 9000);
	assert_int_equal(admission_refuse(&g[2], 5500, 2000), 5500);
	assert_int_equal(admission_refuse(&g[3], 5500, 2000), 5500);
	assert_int_equal(admission_refuse(&g[1], 11000, 2000), 11000);
	assert_int_equal(admission_refuse(&g[1], 14000, 2000), 14000);
	leave_all(g, 4);
}

static void test_requests(void **state)
{
	struct requests r = { 0 };
	struct frame_in f = { .fd = -1 };
	unsigned one = 1;
	unsigned ten = 10;
	uint64_t a = requests_add(&r, on_answer, &one);
	uint64_t b = requests_add(&r, on_answer, &ten);
	uint64_t c;

	(void)state;
	answered = 0;
	assert_true(a != 0 && b != 0 && a != b);
	assert_false(requests_answer(&r, 0, &f));
	assert_false(requests_answer(&r, a + 100, &f));
	assert_false(requests_answer(&r, a | (uint64_t)7 << 40, &f));
	assert_true(requests_answer(&r, b, &f));
	assert_false(requests_answer(&r, b, &f));
	assert_int_equal(answered, 10);
	c = requests_add(&r, on_answer, &ten); /* b's slot */
	assert_false(requests_answer(&r, b, &f));
	requests_cancel(&r, c);
	requests_cancel(&r, c);
	requests_cancel(&r, 0);
	assert_false(requests_answer(&r, c, &f));
	requests_fail_all(&r);
	assert_int_equal(answered, 11);
	requests_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ipv6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_network, setup, teardown),
		cmocka_unit_test_setup_teardown(test_everybody, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trusted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
