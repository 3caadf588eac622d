/* code_test.c -- secrets that we make, as people type them. */
#include "directory/code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY S("a key of the directory")

static bool keep(struct slice typed, char out[CODE_STORED])
{
	return code_keep(KEY, "app password", 7, typed, CODE_APP_PASSWORD, out);
}

/* Four symbols and a space, six times, all of the alphabet in the end. */
static void test_made(void **state)
{
	bool seen[256] = { false };
	unsigned different = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct buf code = { 0 };
		char stored[CODE_STORED];

		code_make(CODE_APP_PASSWORD, &code);
		assert_int_equal(code.len, 24 + 5);
		for (size_t k = 0; k < code.len; k++) {
			assert_int_equal(code.data[k] == ' ', k % 5 == 4);
			seen[(unsigned char)code.data[k]] = true;
		}
		assert_true(keep(buf_slice(&code), stored));
		buf_free(&code);
	}
	for (size_t i = 0; i < 256; i++)
		different += seen[i];
	assert_int_equal(different, 32 + 1);
	assert_false(seen['l'] || seen['o'] || seen['0'] || seen['1']);
}

static void test_typed(void **state)
{
	static const struct {
		struct slice text;
		bool good;
	} rows[] = {
		{ N("abcd efgh ijkm npqr stuv wxyz"), true },
		{ N("abcdefghijkmnpqrstuvwxyz"), true },
		{ N("ABCD EFGH IJKM NPQR STUV WXYZ"), true },
		{ N("  a bcdefghijkmnpqrstuvwxy  z "), true },
		{ N(""), false },
		{ N("    "), false },
		{ N("abcdefghijkmnpqrstuvwxy"), false },
		{ N("abcdefghijkmnpqrstuvwxyz2"), false },
		{ N("abcdefghijklnpqrstuvwxyz"), false }, /* l */
		{ N("abcdefghijkmnopqrstuvwxy"), false }, /* o */
		{ N("abcdefghijkmnpqrstuvwxy1"), false },
		{ N("abcd-efgh-ijkm-npqr-stuv-wxyz"), false },
		{ N("abcdefghijkmnpqrstuvwxy\0"), false },
		{ N("abcdefghijkmnpqrstuvwx\xc3\xa4"), false },
		{ N("abcdefghijkmnpqrstuvwxyz\n"), false },
	};
	char first[CODE_STORED];
	char stored[CODE_STORED];

	(void)state;
	assert_true(keep(rows[0].text, first));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(keep(rows[i].text, stored), rows[i].good);
		if (rows[i].good)
			assert_memory_equal(stored, first, CODE_STORED);
	}
}

/* One that was found out is of no use for another account, another purpose,
 * another directory. */
static void test_kept_apart(void **state)
{
	struct slice code = S("abcdefghijkmnpqrstuvwxyz");
	char kept[5][CODE_STORED];

	(void)state;
	assert_true(code_keep(KEY, "app password", 7, code, 24, kept[0]));
	assert_true(code_keep(KEY, "app password", 8, code, 24, kept[1]));
	assert_true(code_keep(KEY, "another", 7, code, 24, kept[2]));
	assert_true(
		code_keep(S("other"), "app password", 7, code, 24, kept[3]));
	assert_true(code_keep(KEY, "app password", 7,
	                      S("abcdefghijkmnpqrstuvwxy2"), 24, kept[4]));
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(kept[i], kept[k], CODE_STORED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
