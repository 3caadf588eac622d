/*
 * buf_test.c -- bytes that grow at the end, up to a bound.
 *
 * behaviour 39: a number is its decimal digits, whatever its size and locale
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	uint64_t number;
	struct slice text;
} numbers[] = {
	{ 0, S("0") },
	{ 9, S("9") },
	{ 10, S("10") },
	{ 9370000, S("9370000") },
	{ UINT32_MAX, S("4294967295") },
	{ (uint64_t)UINT32_MAX + 1, S("4294967296") },
	{ INT64_MAX, S("9223372036854775807") },
	{ UINT64_MAX, S("18446744073709551615") },
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct buf b = { 0 };

		buf_number(&b, numbers[i].number);
		assert_true(slice_eq(buf_slice(&b), numbers[i].text));
		buf_free(&b);
	}
}

static void test_little_endian(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_u8(&b, 0x01);
	buf_u16(&b, 0x0302);
	buf_u32(&b, 0x07060504);
	buf_u64(&b, 0x0f0e0d0c0b0a0908);
	assert_int_equal(b.len, 15);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], i + 1);
	buf_free(&b);
}

/* What passes the bound is left out whole, and that stays visible. */
static void test_bound(void **state)
{
	struct buf b = buf_limit(8);

	(void)state;
	buf_add(&b, S("1234567"));
	buf_add(&b, S("89"));
	assert_true(b.overflow);
	assert_true(slice_eq(buf_slice(&b), S("1234567")));
	buf_byte(&b, '8');
	assert_true(slice_eq(buf_slice(&b), S("12345678")));
	assert_true(b.overflow);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_int_equal(b.len, 8);
	buf_free(&b);
}

/* A formatted text may fill the bound to the last byte. */
static void test_printf(void **state)
{
	struct buf b = buf_limit(5);

	(void)state;
	buf_printf(&b, "%s%d", "ab", 123);
	assert_false(b.overflow);
	assert_true(slice_eq(buf_slice(&b), S("ab123")));
	buf_printf(&b, "%s", "");
	assert_false(b.overflow);
	buf_printf(&b, "%d", 4);
	assert_true(b.overflow);
	assert_true(slice_eq(buf_slice(&b), S("ab123")));
	buf_free(&b);
}

static void test_drop_and_take(void **state)
{
	struct buf b = { 0 };
	struct slice taken;

	(void)state;
	buf_add(&b, S("abcdef"));
	buf_drop(&b, 2);
	assert_true(slice_eq(buf_slice(&b), S("cdef")));
	taken = buf_take(&b);
	assert_true(slice_eq(taken, S("cdef")));
	assert_int_equal(b.len, 0);
	buf_add(&b, S("x"));
	buf_drop(&b, 100);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	free((void *)taken.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_drop_and_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
