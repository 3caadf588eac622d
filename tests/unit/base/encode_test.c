/*
 * encode_test.c -- base64, hexadecimal, modified UTF-7.
 *
 * behaviour 85: one mailbox name has one spelling in modified UTF-7
 */
#include "base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/unicode.h"
#include "edge.h"

struct row {
	struct slice plain;
	struct slice coded;
};

/* RFC 4648 section 10, and bytes that need both odd digits. */
static const struct row base64_rows[] = {
	{ S(""), S("") },
	{ S("f"), S("Zg==") },
	{ S("fo"), S("Zm8=") },
	{ S("foo"), S("Zm9v") },
	{ S("foob"), S("Zm9vYg==") },
	{ S("fooba"), S("Zm9vYmE=") },
	{ S("foobar"), S("Zm9vYmFy") },
	{ S("\xfb\xff\xfe\0"), S("+//+AA==") },
};

static const struct slice base64_bad[] = {
	S("Z"),     S("Zg"),      S("Zg="),    S("Zg==="), S("Z==="),
	S("===="),  S("="),       S("Zh=="),   S("Zm9="),  S("Zg==Zg=="),
	S("Zg= ="), S(" Zg="),    S("Zm9v\n"), S("Zm9-"),  S("Zm9,"),
	S("Zm9\0"), S("Zm9\x80"),
};

static void test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof base64_rows / sizeof *base64_rows; i++) {
		struct edge plain = edge_new(base64_rows[i].plain);
		struct edge coded = edge_new(base64_rows[i].coded);
		struct buf out = { 0 };

		base64_encode(plain.text, &out);
		assert_true(slice_eq(buf_slice(&out), coded.text));
		out.len = 0;
		assert_true(base64_decode(coded.text, &out));
		assert_true(slice_eq(buf_slice(&out), plain.text));
		buf_free(&out);
		edge_free(&plain);
		edge_free(&coded);
	}
}

static void test_base64_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof base64_bad / sizeof *base64_bad; i++) {
		struct edge coded = edge_new(base64_bad[i]);
		struct buf out = { 0 };

		buf_add(&out, S("before"));
		assert_false(base64_decode(coded.text, &out));
		assert_true(slice_eq(buf_slice(&out), S("before")));
		buf_free(&out);
		edge_free(&coded);
	}
}

static void test_hex(void **state)
{
	struct buf out = { 0 };

	(void)state;
	hex_encode(S("\0\x7f\x80\xff"), &out);
	assert_true(slice_eq(buf_slice(&out), S("007f80ff")));
	buf_free(&out);
}

/* The examples of RFC 3501 section 5.1.3, the edges of UTF-16. */
static const struct row utf7_rows[] = {
	{ S(""), S("") },
	{ S("INBOX"), S("INBOX") },
	{ S(" !\"#%'()*+,-./:;<=>?@[\\]^_`{|}~"),
	  S(" !\"#%'()*+,-./:;<=>?@[\\]^_`{|}~") },
	{ S("&"), S("&-") },
	{ S("&&"), S("&-&-") },
	{ S("Lists & more"), S("Lists &- more") },
	{ S("&\xc3\xa9&"), S("&-&AOk-&-") },
	{ S("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
	  S("~peter/mail/&U,BTFw-/&ZeVnLIqe-") },
	{ S("\xe2\x98\xba!"), S("&Jjo-!") },
	{ S("Entw\xc3\xbcrfe"), S("Entw&APw-rfe") },
	{ S("\xef\xbf\xbf"), S("&,,8-") },
	{ S("\xf0\x90\x80\x80"), S("&2ADcAA-") },
	{ S("\xf4\x8f\xbf\xbf"), S("&2,,f,w-") },
	{ S("\xf0\x9f\x93\xa5 in"), S("&2D3c5Q- in") },
	{ S("\t"), S("&AAk-") },
	{ S("\0"), S("&AAA-") },
};

static void test_utf7(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof utf7_rows / sizeof *utf7_rows; i++) {
		struct edge plain = edge_new(utf7_rows[i].plain);
		struct edge coded = edge_new(utf7_rows[i].coded);
		struct buf out = { 0 };

		utf7_encode(plain.text, &out);
		assert_true(slice_eq(buf_slice(&out), coded.text));
		out.len = 0;
		assert_true(utf7_decode(coded.text, &out));
		assert_true(slice_eq(buf_slice(&out), plain.text));
		buf_free(&out);
		edge_free(&plain);
		edge_free(&coded);
	}
}

static const struct slice utf7_bad[] = {
	S("&"),                  /* a shift that does not end */
	S("&AOk"),               /* the same */
	S("a&b"),                /* the same */
	S("&Jjo!"),              /* the same, RFC 3501 section 5.1.3 */
	S("&AGE-"),              /* 'a' needs no shift */
	S("&ACY-"),              /* '&' is written "&-" */
	S("&U,BTFw-&ZeVnLIqe-"), /* superfluous shift, RFC 3501 */
	S("&AOk-&AOk-"),         /* the same */
	S("&AOl-&-x&"),          /* ends in a shift */
	S("&A-"),                /* half a byte */
	S("&AO-"),               /* half a character */
	S("&AOkA-"),             /* one and a half */
	S("&AOl"),               /* bits left over, unfinished */
	S("&AOl-\xc3"),          /* 8-bit */
	S("\xc3\xa9"),           /* UTF-8 as it is */
	S("&AOn-x\x7f"),         /* control character */
	S("\t"),                 /* the same */
	S("a\0b"),               /* the same */
	S("&2AA-"),              /* high surrogate alone */
	S("&3AA-"),              /* low surrogate alone */
	S("&2D0AYQ-"),           /* high surrogate, then 'a' */
	S("&3OXYPQ-"),           /* the wrong way round */
	S("&AOk=-"),             /* padding */
	S("&AO/-"),              /* '/' is ',' here */
	S("&AOk -"),             /* space in it */
	S("&AOk\xa9-"),
};

static void test_utf7_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof utf7_bad / sizeof *utf7_bad; i++) {
		struct edge coded = edge_new(utf7_bad[i]);
		struct buf out = { 0 };

		buf_add(&out, S("before"));
		assert_false(utf7_decode(coded.text, &out));
		assert_true(slice_eq(buf_slice(&out), S("before")));
		buf_free(&out);
		edge_free(&coded);
	}
}

/* Every code point alone, and between two letters. */
static void test_utf7_every_code_point(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		struct buf plain = { 0 };
		struct buf coded = { 0 };
		struct buf again = { 0 };

		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		buf_byte(&plain, 'x');
		utf8_put(&plain, point);
		buf_byte(&plain, 'y');
		utf7_encode(buf_slice(&plain), &coded);
		assert_true(utf7_decode(buf_slice(&coded), &again));
		assert_true(slice_eq(buf_slice(&again), buf_slice(&plain)));
		buf_free(&plain);
		buf_free(&coded);
		buf_free(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_bad),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_utf7),
		cmocka_unit_test(test_utf7_bad),
		cmocka_unit_test(test_utf7_every_code_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
