/* chain_test.c -- lines that were changed, added, left out, exchanged. */
#include "base/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct buf three_lines(void)
{
	struct chain c = chain_start();
	struct buf out = { 0 };

	chain_append(&c, S("event=one a=b"), &out);
	chain_append(&c, S("event=two chain=x"), &out);
	chain_append(&c, S("event=three"), &out);
	return out;
}

/* How many lines of the text follow one another, from the start. */
static int follow(struct slice text, bool blind)
{
	struct chain c = chain_start();
	struct slice line, rest;
	int n = 0;

	while (slice_cut(text, '\n', &line, &text) &&
	       chain_follow(&c, line, blind && n == 0, &rest))
		n++;
	return n;
}

static void test_whole(void **state)
{
	struct buf b = three_lines();
	struct chain c = chain_start();
	struct slice text = buf_slice(&b);
	struct slice line, rest;

	(void)state;
	assert_int_equal(follow(text, false), 3);
	assert_true(slice_cut(text, '\n', &line, &text));
	assert_true(chain_follow(&c, line, false, &rest));
	assert_true(slice_starts(rest, S("event=one a=b")));
	assert_int_equal(c.seq, 1);
	buf_free(&b);
}

/* Each octet in turn. */
static void test_any_change_is_seen(void **state)
{
	struct buf b = three_lines();

	(void)state;
	for (size_t i = 0; i < b.len; i++) {
		size_t before = 0;

		for (size_t k = 0; k < i; k++)
			before += b.data[k] == '\n';
		b.data[i] ^= 1;
		assert_in_range(follow(buf_slice(&b), false), 0, before);
		b.data[i] ^= 1;
	}
	buf_free(&b);
}

static void test_lines_left_out_or_exchanged(void **state)
{
	struct buf b = three_lines();
	struct slice text = buf_slice(&b);
	struct slice one, two, three;
	struct buf other = { 0 };

	(void)state;
	assert_true(slice_cut(text, '\n', &one, &text));
	assert_true(slice_cut(text, '\n', &two, &text));
	assert_true(slice_cut(text, '\n', &three, &text));
	buf_printf(&other, "%.*s\n%.*s\n", (int)one.len, one.ptr,
	           (int)three.len, three.ptr);
	assert_int_equal(follow(buf_slice(&other), false), 1);
	other.len = 0;
	buf_printf(&other, "%.*s\n%.*s\n", (int)two.len, two.ptr, (int)one.len,
	           one.ptr);
	assert_int_equal(follow(buf_slice(&other), false), 0);
	other.len = 0;
	buf_printf(&other, "%.*s\n%.*s\n", (int)two.len, two.ptr,
	           (int)three.len, three.ptr);
	assert_int_equal(follow(buf_slice(&other), false), 0);
	assert_int_equal(follow(buf_slice(&other), true), 2);
	buf_free(&other);
	buf_free(&b);
}

static void test_no_lines(void **state)
{
	static const char *const bad[] = {
		"",
		"seq=",
		"seq=1 event=x",
		"seq=0 event=x chain="
		"0000000000000000000000000000000000000000000000000000000000000"
		"000",
		"seq=x event=x chain="
		"0000000000000000000000000000000000000000000000000000000000000"
		"000",
		"event=x chain="
		"0000000000000000000000000000000000000000000000000000000000000"
		"000",
	};
	struct slice rest;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct chain c = chain_start();

		assert_false(chain_follow(&c, slice_cstr(bad[i]), true, &rest));
		assert_int_equal(c.seq, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_any_change_is_seen),
		cmocka_unit_test(test_lines_left_out_or_exchanged),
		cmocka_unit_test(test_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
