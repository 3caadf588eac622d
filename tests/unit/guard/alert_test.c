/* alert_test.c -- how far, how much, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard/alert_text.h"
#include "guard/habit.h"
#include "guard/travel.h"

static void test_distances(void **state)
{
	static const struct {
		struct place a, b;
		double km;
	} cases[] = {
		{ { 48.21, 16.37 }, { 48.21, 16.37 }, 0 },
		{ { 48.21, 16.37 }, { 35.68, 139.69 }, 9129 },
		{ { 0, 0 }, { 0, 180 }, 20015 },
		{ { 90, 0 }, { -90, 77 }, 20015 },
		{ { 0, 179.5 }, { 0, -179.5 }, 111 }, /* where the day ends */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double km = place_km(&cases[i].a, &cases[i].b);

		assert_true(km > cases[i].km - 1 && km < cases[i].km + 1);
	}
}

static void test_travel(void **state)
{
	static const struct {
		double km;
		int64_t seconds;
		bool possible;
	} cases[] = {
		{ 499, 0, true },          { 501, 0, false },
		{ 501, -5, false },        { 1000, 3600, true },
		{ 1001, 3600, false },     { 9129, 9 * 3600, false },
		{ 9129, 10 * 3600, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
			travel_is_possible(cases[i].km, cases[i].seconds),
			cases[i].possible);
}

static void test_places(void **state)
{
	const struct place bad[] = {
		{ 91, 0 }, { 0, -181 }, { 0.0 / 0.0, 0 }, { 0, 1 / 0.0 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(place_is_one(&bad[i]));
	assert_true(place_is_one(&(struct place){ -90, 180 }));
}

static void test_habits(void **state)
{
	static const struct {
		struct fetched hour, largest;
		bool breaks;
	} cases[] = {
		{ { HABIT_OCTETS, HABIT_MESSAGES }, { 0, 0 }, false },
		{ { HABIT_OCTETS + 1, 0 }, { 0, 0 }, true },
		{ { 0, HABIT_MESSAGES + 1 }, { 0, 0 }, true },
		{ { 500000000, 0 }, { 100000000, 0 }, false },
		{ { 500000005, 0 }, { 100000000, 0 }, true },
		{ { 0, 5004 }, { 0, 1000 }, false },
		{ { 0, 5005 }, { 0, 1000 }, true },
		{ { INT64_MAX, 0 }, { INT64_MAX, 0 }, false },
	};
	struct fetched most = { INT64_MAX, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
			habit_breaks(&cases[i].hour, &cases[i].largest),
			cases[i].breaks);
	fetched_add(&most, &(struct fetched){ 1, UINT64_MAX });
	assert_true(most.octets == INT64_MAX && most.messages == INT64_MAX);
	assert_false(habit_is_settled(0, 1790000000));
	assert_false(habit_is_settled(1790000000 - 6 * 86400, 1790000000));
	assert_true(habit_is_settled(1790000000 - 7 * 86400, 1790000000));
}

/* What is foreign ends no line, no string and no header, and turns nothing
 * round. */
static void test_hostile(void **state)
{
	struct alert a = { .kind = ALERT_NEW_COUNTRY,
		           .at_s = 1790000000,
		           .account = 7,
		           .user = S("`id`@example.org"),
		           .subject = S("AT") };
	struct buf json = { 0 }, mail = { 0 };
	struct slice text;

	(void)state;
	alert_add(&a, "client",
	          S("\"},\\\r\nBcc: x@example.org\r\n\r\n\0\x7f\xff"
	            "\xe2\x80\xae\xe2\x80\xa8\xc2\x85z"));
	alert_json(&a, S("mail.example.org"), &json);
	text = buf_slice(&json);
	for (size_t i = 0; i < text.len; i++)
		assert_true((unsigned char)text.ptr[i] >= ' ' &&
		            text.ptr[i] != 0x7f);
	assert_true(slice_find(text, S("\"\\\"},\\\\??Bcc: ")) != SLICE_NONE);
	assert_true(slice_find(text, S("\xe2\x80\xae")) == SLICE_NONE);
	alert_mail(&a, S("mail.example.org"), S("\xc3\xa4@example.org"), &mail);
	text = buf_slice(&mail);
	assert_true(slice_find(text, S("\r\nBcc")) == SLICE_NONE);
	assert_true(slice_find(text, S("To: undisclosed-recipients:;\r\n")) !=
	            SLICE_NONE);
	assert_true(slice_find(text, S("roost user password ACCOUNT\r\n")) !=
	            SLICE_NONE);
	buf_free(&json);
	buf_free(&mail);
}

/* Lines as RFC 5322 section 2.1.1 has them, of each kind. */
static void test_lines(void **state)
{
	(void)state;
	for (int k = 0; k < ALERT_KINDS; k++) {
		struct alert a = { .kind = (enum alert_kind)k };
		struct buf mail = { 0 };
		struct slice line, rest;

		alert_mail(&a, S("h"), S("ann@example.org"), &mail);
		rest = buf_slice(&mail);
		while (slice_cut(rest, '\n', &line, &rest) || line.len != 0) {
			assert_true(line.len <= 79);
			assert_true(rest.len == 0 || slice_ends(line, S("\r")));
			if (rest.len == 0)
				break;
		}
		buf_free(&mail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances), cmocka_unit_test(test_travel),
		cmocka_unit_test(test_places),    cmocka_unit_test(test_habits),
		cmocka_unit_test(test_hostile),   cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
