/* totp_test.c -- RFC 6238's values, the window, and what is no code. */
#include "directory/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "12345678901234567890", RFC 6238 appendix B, in base32 */
#define KEY S("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")

/* The appendix has eight digits; ours are the last six of them. */
static const struct {
	int64_t at_s;
	const char *code;
} vectors[] = {
	{ 59, "287082" },         { 1111111109, "081804" },
	{ 1111111111, "050471" }, { 1234567890, "005924" },
	{ 2000000000, "279037" }, { 20000000000, "353130" },
};

enum { VECTORS = sizeof vectors / sizeof *vectors };

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		uint64_t step = (uint64_t)vectors[i].at_s / TOTP_STEP_S;
		char code[TOTP_DIGITS];
		uint64_t got = 0;

		assert_true(totp_code(KEY, step, code));
		assert_memory_equal(code, vectors[i].code, TOTP_DIGITS);
		assert_true(totp_is_right(KEY, slice_cstr(vectors[i].code),
		                          vectors[i].at_s, 0, &got));
		assert_int_equal(got, step);
	}
}

/* A step early or late it is taken, two steps it is not; and never one that
 * was taken, nor one before it. */
static void test_window(void **state)
{
	static const struct {
		int64_t off_s;
		int64_t after; /* steps from the code's */
		bool good;
	} rows[] = {
		{ 0, -1, true },    { 29, -1, true },   { 30, -1, true },
		{ 59, -1, true },   { 60, -1, false },  { -1, -1, true },
		{ -30, -1, true },  { -31, -1, false }, { 0, 0, false },
		{ 30, 0, false },   { -30, 0, false },  { 0, 1, false },
		{ 0, -1000, true },
	};
	const int64_t start_s = 1111111110; /* of a step */
	const uint64_t step = (uint64_t)start_s / TOTP_STEP_S;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t after = (uint64_t)((int64_t)step + rows[i].after);
		uint64_t got = 0;

		assert_int_equal(totp_is_right(KEY, S("050471"),
		                               start_s + rows[i].off_s, after,
		                               &got),
		                 rows[i].good);
		assert_int_equal(got, rows[i].good ? step : 0);
	}
}

static void test_no_codes(void **state)
{
	static const struct slice rows[] = {
		N(""),        N("05047"),   N("0504711"),  N("050472"),
		N("05047l"),  N("-50471"),  N("050471\0"), N("050471\n"),
		N("0504 7 "), N("0050471"), N("+50471"),   N("050 4711"),
		N("０50471"),
	};
	uint64_t step;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false(totp_is_right(KEY, rows[i], 1111111111, 0, &step));
	assert_true(totp_is_right(KEY, S(" 050 471 "), 1111111111, 0, &step));
	assert_false(totp_is_right(KEY, S("050471"), 0, 0, &step));
	assert_false(totp_is_right(KEY, S("050471"), -5, 0, &step));
	assert_false(totp_is_right(S("no base32!"), S("050471"), 1111111111, 0,
	                           &step));
}

static void test_key(void **state)
{
	struct buf one = { 0 };
	struct buf two = { 0 };
	char code[TOTP_DIGITS];

	(void)state;
	totp_key_make(&one);
	totp_key_make(&two);
	assert_int_equal(one.len, TOTP_KEY_TEXT);
	assert_false(slice_eq(buf_slice(&one), buf_slice(&two)));
	assert_true(totp_code(buf_slice(&one), 1, code));
	buf_free(&one);
	buf_free(&two);
}

static void test_uri(void **state)
{
	struct buf uri = { 0 };

	(void)state;
	totp_uri(KEY, S("ann+x&y@example.org"), S("example.org"), &uri);
	assert_true(slice_eq(
		buf_slice(&uri),
		S("otpauth://totp/example.org:ann%2Bx%26y%40example.org"
	          "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	          "&issuer=example.org&algorithm=SHA1&digits=6&period=30")));
	buf_free(&uri);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),  cmocka_unit_test(test_window),
		cmocka_unit_test(test_no_codes), cmocka_unit_test(test_key),
		cmocka_unit_test(test_uri),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
