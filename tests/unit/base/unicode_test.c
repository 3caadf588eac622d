/* unicode_test.c -- what is UTF-8, what is repaired, what is equal. */
#include "base/unicode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "edge.h"

#define FFFD "\xef\xbf\xbd"

/* Ill-formed sequences; one U+FFFD for each maximal subpart, as the examples
 * of Unicode 15 section 3.9 (tables 3-8 to 3-11) have it. */
static const struct {
	struct slice text;
	size_t prefix; /* valid octets */
	struct slice repaired;
} rows[] = {
	{ S(""), 0, S("") },
	{ S("plain text, longer than a word"), 30,
	  S("plain text, longer than a word") },
	{ S("\xc3\xa9"), 2, S("\xc3\xa9") },
	{ S("nul\0 is allowed"), 15, S("nul\0 is allowed") },
	{ S("\xed\x9f\xbf\xee\x80\x80"), 6, S("\xed\x9f\xbf\xee\x80\x80") },
	{ S("\xf4\x8f\xbf\xbf"), 4, S("\xf4\x8f\xbf\xbf") },
	{ S("12345678\xc3"), 8, S("12345678" FFFD) },
	{ S("a\x80z"), 1, S("a" FFFD "z") },
	{ S("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"), 0,
	  S(FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A") },
	{ S("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"), 0,
	  S(FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A") },
	{ S("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"), 0,
	  S(FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B") },
	{ S("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), 0,
	  S(FFFD FFFD FFFD FFFD "A") },
};

static void test_valid_and_repair(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct edge e = edge_new(rows[i].text);
		struct buf out = { 0 };

		assert_int_equal(utf8_valid_prefix(e.text), rows[i].prefix);
		assert_int_equal(utf8_is_valid(e.text),
		                 rows[i].prefix == e.text.len);
		utf8_repair(e.text, &out);
		assert_true(slice_eq(buf_slice(&out), rows[i].repaired));
		buf_free(&out);
		edge_free(&e);
	}
}

static void test_put(void **state)
{
	static const struct {
		uint32_t point;
		struct slice text;
	} points[] = {
		{ 0, S("\0") },
		{ 'a', S("a") },
		{ 0x80, S("\xc2\x80") },
		{ 0x7ff, S("\xdf\xbf") },
		{ 0x800, S("\xe0\xa0\x80") },
		{ 0xffff, S("\xef\xbf\xbf") },
		{ 0x10000, S("\xf0\x90\x80\x80") },
		{ 0x10ffff, S("\xf4\x8f\xbf\xbf") },
		{ 0xd800, S(FFFD) },
		{ 0xdfff, S(FFFD) },
		{ 0x110000, S(FFFD) },
		{ UINT32_MAX, S(FFFD) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		struct buf out = { 0 };

		utf8_put(&out, points[i].point);
		assert_true(slice_eq(buf_slice(&out), points[i].text));
		buf_free(&out);
	}
}

static void assert_folds(struct slice text, struct slice want)
{
	struct buf out = { 0 };

	unicode_fold(text, &out);
	assert_true(slice_eq(buf_slice(&out), want));
	buf_free(&out);
}

static void test_fold(void **state)
{
	static const struct {
		struct slice text;
		struct slice folded;
	} folds[] = {
		{ S(""), S("") },
		{ S("Hello, World [1]"), S("hello, world [1]") },
		{ S("Stra\xc3\x9f"
		    "E"),
		  S("strasse") },
		{ S("\xc3\x89T\xc3\x89"), S("\xc3\xa9t\xc3\xa9") },
		/* the accent composes with the letter before it */
		{ S("caFE\xcc\x81 x"), S("caf\xc3\xa9 x") },
		{ S("\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82"),
		  S("\xcf\x83\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83") },
		{ S("\xef\xbc\xa1\xef\xbc\xa2"), S("ab") }, /* full width */
		{ S("\xef\xac\x81n"), S("fin") },           /* ligature */
		{ S("so\xc2\xad"
		    "ft"),
		  S("soft") }, /* soft hyphen */
		{ S("A\xffZ"), S("a" FFFD "z") },
		/* no mark composes across what is no text */
		{ S("E\xff\xcc\x81\xc3\x89\xe2\x82"),
		  S("e" FFFD "\xcc\x81\xc3\xa9" FFFD) },
		{ S("x\xcd\x85"), S("x\xce\xb9") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
		assert_folds(folds[i].text, folds[i].folded);
}

/* As utf8proc folds it. */
static void assert_folds_right(const struct buf *text)
{
	utf8proc_option_t form = UTF8PROC_STABLE | UTF8PROC_COMPOSE |
	                         UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
	                         UTF8PROC_IGNORE;
	uint8_t *want;
	utf8proc_ssize_t n =
		utf8proc_map((const uint8_t *)text->data,
	                     (utf8proc_ssize_t)text->len, &want, form);

	assert_true(n >= 0);
	assert_folds(buf_slice(text), slice_of(want, (size_t)n));
	free(want);
}

/* What has a table of its own, beside each other. */
static void test_fold_latin_1(void **state)
{
	(void)state;
	for (uint32_t a = 0x80; a <= 0x100; a++) {
		for (uint32_t b = 0x80; b <= 0x100; b++) {
			struct buf text = { 0 };

			buf_byte(&text, 'E');
			utf8_put(&text, a);
			utf8_put(&text, b);
			buf_byte(&text, 'X');
			assert_folds_right(&text);
			buf_free(&text);
		}
	}
}

/* Each code point between what may compose with it: marks, the parts of
 * Hangul, the second halves of Indic vowels. */
static void test_fold_neighbours(void **state)
{
	static const uint32_t beside[] = { 'e',    0xe9,   0x301,  0x323,
		                           0x345,  0x3b1,  0x915,  0x93c,
		                           0x9be,  0x1100, 0x1161, 0x11a8,
		                           0xac00, 0xac01, 0xfffd, 0x1109b,
		                           0x110ba };
	size_t n = sizeof beside / sizeof *beside;
	struct buf text = { 0 };

	(void)state;
	for (uint32_t point = 0x80; point <= 0x10ffff; point++) {
		if (point > 0x3fff && point < 0xe0000 && point % 16 != 0 &&
		    utf8proc_get_property((utf8proc_int32_t)point)->category ==
		            UTF8PROC_CATEGORY_CN)
			continue;
		text.len = 0;
		for (size_t i = 0; i < n; i++) {
			utf8_put(&text, beside[i]);
			utf8_put(&text, point);
		}
		assert_folds_right(&text);
	}
	buf_free(&text);
}

/* Longer than what is folded on the stack. */
static void test_fold_long(void **state)
{
	struct buf text = { 0 };
	struct buf want = { 0 };

	(void)state;
	for (int i = 0; i < 5000; i++) {
		buf_add(&text, S("\xc3\x89"));
		buf_add(&want, S("\xc3\xa9"));
	}
	assert_folds(buf_slice(&text), buf_slice(&want));
	buf_free(&text);
	buf_free(&want);
}

static void test_nfc(void **state)
{
	struct buf out = { 0 };

	(void)state;
	unicode_nfc(S("Cafe\xcc\x81 \xe2\x84\xab"), &out);
	assert_true(slice_eq(buf_slice(&out), S("Caf\xc3\xa9 \xc3\x85")));
	buf_free(&out);
}

static void test_casemap(void **state)
{
	static const struct {
		struct slice text;
		struct slice key;
	} keys[] = {
		{ S(""), S("") },
		{ S("Hello_[1]"), S("HELLO_[1]") },
		{ S("\xc3\xa9t\xc3\xa9"), S("E\xcc\x81TE\xcc\x81") },
		/* title case, which not all upper case is */
		{ S("\xc7\x86"), S("Dz\xcc\x8c") },
		/* one letter to utf8proc, small and capital */
		{ S("\xc3\x9f"), S("\xe1\xba\x9e") },
		{ S("\xe1\xba\x9e"), S("\xe1\xba\x9e") },
		{ S("\xd0\xb6"), S("\xd0\x96") },
		{ S("\xef\xac\x81n"), S("fiN") }, /* a ligature has no case */
		{ S("a\xffz"), S("A" FFFD "Z") },
		/* the longest that one code point becomes */
		{ S("\xef\xb7\xba"),
		  S("\xd8\xb5\xd9\x84\xd9\x89 \xd8\xa7\xd9\x84\xd9\x84"
		    "\xd9\x87 \xd8\xb9\xd9\x84\xd9\x8a\xd9\x87 "
		    "\xd9\x88\xd8\xb3\xd9\x84\xd9\x85") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct buf out = { 0 };

		unicode_casemap(keys[i].text, &out);
		assert_true(slice_eq(buf_slice(&out), keys[i].key));
		buf_free(&out);
	}
}

/* Accents and vowel points go; what tells letters apart stays. */
static void test_unmark(void **state)
{
	static const struct {
		struct slice text;
		struct slice bare;
	} texts[] = {
		{ S(""), S("") },
		{ S("plain text"), S("plain text") },
		{ S("dvo\xc5\x99\xc3\xa1k"), S("dvorak") },
		{ S("e\xcc\x81\xcc\xa3x"), S("ex") },
		{ S("\xe1\xbc\x84"), S("\xce\xb1") }, /* alpha, two marks */
		{ S("\xd9\x83\xd9\x8e"), S("\xd9\x83") },
		{ S("\xe0\xa4\x95\xe0\xa4\xbf"),
		  S("\xe0\xa4\x95\xe0\xa4\xbf") },
		{ S("\xe3\x81\x8c"), S("\xe3\x81\x8b\xe3\x82\x99") },
		{ S("\xea\xb0\x80"), S("\xea\xb0\x80") },
		{ S("a\xffz"), S("a" FFFD "z") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct buf out = { 0 };

		unicode_unmark(texts[i].text, &out);
		if (!slice_eq(buf_slice(&out), texts[i].bare))
			fail_msg("text %zu", i);
		buf_free(&out);
	}
}

/* What utf8proc decomposes the letters of Latin-1 to begins with what stays. */
static void test_unmark_latin(void **state)
{
	(void)state;
	for (utf8proc_int32_t c = 0x80; c <= 0xff; c++) {
		utf8proc_int32_t points[8];
		utf8proc_uint8_t in[4];
		utf8proc_uint8_t first[4];
		struct buf out = { 0 };
		size_t len = (size_t)utf8proc_encode_char(c, in);

		utf8proc_decompose_char(c, points, 8, UTF8PROC_DECOMPOSE, NULL);
		unicode_unmark(slice_of(in, len), &out);
		len = (size_t)utf8proc_encode_char(points[0], first);
		assert_true(slice_eq(buf_slice(&out), slice_of(first, len)));
		buf_free(&out);
	}
}

static void test_cut(void **state)
{
	struct slice s = S("a\xc3\xa9\xf0\x9f\x98\x80");
	static const size_t lens[] = { 0, 1, 1, 3, 3, 3, 3, 7, 7 };

	(void)state;
	for (size_t most = 0; most < sizeof lens / sizeof *lens; most++)
		assert_int_equal(utf8_cut(s, most).len, lens[most]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_valid_and_repair),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_latin_1),
		cmocka_unit_test(test_fold_neighbours),
		cmocka_unit_test(test_fold_long),
		cmocka_unit_test(test_nfc),
		cmocka_unit_test(test_casemap),
		cmocka_unit_test(test_unmark),
		cmocka_unit_test(test_unmark_latin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
