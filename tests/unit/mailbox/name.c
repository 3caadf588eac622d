/*
 * name.c -- mailbox names.
 * behaviour 66, behaviour 71, behaviour 87
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../edge.h"
#include "base/limits.h"
#include "mailbox/name.h"

static void normal_form(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: ERR_CANNOT */
	} cases[] = {
		{ "INBOX", "INBOX" },
		{ "inbox", "INBOX" },
		{ "iNbOx/Lists", "INBOX/Lists" },
		{ "inboxes", "inboxes" },
		{ "work/inbox", "work/inbox" },
		{ "a/", "a" },
		{ "a/b/c", "a/b/c" },
		{ "Entwu\xcc\x88rfe", "Entw\xc3\xbcrfe" },
		{ "\xe4\xb8\x80\xe4\xba\x8c", "\xe4\xb8\x80\xe4\xba\x8c" },
		{ "a&b", "a&b" },
		{ "a.b\\c\"d", "a.b\\c\"d" },
		{ "index.lmdb", "index.lmdb" },
		{ "...", "..." },
		{ "", NULL },
		{ "/", NULL },
		{ "/a", NULL },
		{ "a//b", NULL },
		{ "a//", NULL },
		{ ".", NULL },
		{ "..", NULL },
		{ "a/../b", NULL },
		{ "a/.", NULL },
		{ "a\nb", NULL },
		{ "a\x7f"
		  "b",
		  NULL },
		{ "a%", NULL },
		{ "*", NULL },
		{ "a\xc2\x85", NULL },
		{ "a\xe2\x80\xa8", NULL },
		{ "\xff", NULL },
		{ "\xed\xa0\x80", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = { 0 };
		struct slice in = edge_of(slice_cstr(cases[i].in));
		struct err e = mailbox_name_normal(in, &out);

		assert_int_equal(e.code, cases[i].out ? ERR_OK : ERR_CANNOT);
		assert_true(
			slice_eq(buf_slice(&out), slice_cstr(cases[i].out)));
		buf_free(&out);
	}
}

static enum err_code normal_of(const char *level, size_t len, size_t levels)
{
	struct buf name = { 0 };
	struct buf out = { 0 };
	enum err_code code;

	for (size_t i = 0; i < levels; i++) {
		if (i > 0)
			buf_byte(&name, '/');
		for (size_t j = 0; j < len; j++)
			buf_byte(&name, *level);
	}
	code = mailbox_name_normal(buf_slice(&name), &out).code;
	buf_free(&name);
	buf_free(&out);
	return code;
}

static void limits(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(normal_of("x", LIMIT_NAME_LEVEL, 1), ERR_OK);
	assert_int_equal(normal_of("x", LIMIT_NAME_LEVEL + 1, 1), ERR_CANNOT);
	assert_int_equal(normal_of("x", 1, LIMIT_NAME_LEVELS), ERR_OK);
	assert_int_equal(normal_of("x", 1, LIMIT_NAME_LEVELS + 1), ERR_CANNOT);
	/* 4 * 249 + 3 = 999, and one octet a level more */
	assert_int_equal(normal_of("x", 249, 4), ERR_OK);
	assert_int_equal(normal_of("x", 250, 4), ERR_CANNOT);
	assert_int_equal(mailbox_name_normal(slice_of("a\0b", 3), &out).code,
	                 ERR_CANNOT);
	buf_free(&out);
}

static void parents(void **state)
{
	(void)state;
	assert_true(slice_eq(mailbox_name_parent(S("a/b/c")), S("a/b")));
	assert_true(slice_eq(mailbox_name_parent(S("a")), S("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_form),
		cmocka_unit_test(limits),
		cmocka_unit_test(parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
