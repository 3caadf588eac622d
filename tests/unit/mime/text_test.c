/* text_test.c -- transfer encodings, charsets, folding, in any pieces. */
#include "mime/text.h"

#include <string.h>

#include "mime/html.h"
#include "mime/wire.h"
#include "text_cases.h"

struct decoder_case {
	enum part_encoding encoding;
	const char *charset;
	enum text_form form;
	const char *in;
	const char *want;
};

#define QP  ENCODING_QUOTED_PRINTABLE
#define B64 ENCODING_BASE64
#define ID  ENCODING_IDENTITY

static const struct decoder_case decoder_cases[] = {
	{ QP, "", TEXT_RAW, "a=\r\nb = \r\nc=3D=3d", "ab c==" },
	{ QP, "", TEXT_RAW, "=", "=" },
	{ QP, "", TEXT_RAW, "=4", "=4" },
	{ QP, "", TEXT_RAW, "=4x=x=  x=\rx", "=4x=x=  x=\rx" },
	{ QP, "", TEXT_RAW, "a=\nb", "ab" },
	{ B64, "", TEXT_RAW, "SGVs\r\nbG8=", "Hello" },
	{ B64, "", TEXT_RAW, "SGVsbG8", "Hello" },
	{ B64, "", TEXT_RAW, "SGVs!bG8=SGk=", "HelloHi" },
	{ ID, "utf-8", TEXT_UTF8, "\xc3\xa4\xff\xe2\x82",
	  "\u00e4\ufffd\ufffd" },
	{ ID, "", TEXT_UTF8, "\xc3\xa4\xe4", "\u00e4\u00e4" },
	{ ID, "iso-8859-1", TEXT_UTF8, "\x80\xe4", "\u20ac\u00e4" },
	{ ID, "x-unknown", TEXT_UTF8, "\xe4", "\u00e4" },
	{ ID, "koi8-r", TEXT_UTF8, "\xf0\xd2\xc9", "\u041f\u0440\u0438" },
	{ ID, "shift_jis", TEXT_UTF8, "\x82\xa0\x82", "\u3042\ufffd" },
	{ QP, "iso-2022-jp", TEXT_UTF8, "=1B$B$3$s=1B(B a", "\u3053\u3093 a" },
	{ ID, "utf-8", TEXT_FOLDED, "Stra\u00dfe A\u0308 \u212a",
	  "strasse \u00e4 k" },
	{ QP, "utf-8", TEXT_FOLDED, "A=CC=\r\n=88", "\u00e4" },
	{ ID, "", TEXT_FOLDED, "ASCII only", "ascii only" },
};

static void decode(const struct decoder_case *c, struct slice in, size_t chunk,
                   struct buf *out)
{
	struct text_decoder *d =
		text_decoder_new(c->encoding, c->charset, c->form);

	for (; in.len != 0; in = slice_from(in, chunk))
		text_decoder_feed(d, slice_first(in, chunk), out);
	text_decoder_finish(d, out);
}

static void test_decoder(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(decoder_cases); i++) {
		const struct decoder_case *c = &decoder_cases[i];
		struct edge in = edge_new(slice_cstr(c->in));

		for (size_t chunk = 1; chunk <= in.text.len + 1; chunk++) {
			struct buf out = { 0 };

			decode(c, in.text, chunk, &out);
			assert_text(c->in, &out, c->want);
			buf_free(&out);
		}
		edge_free(&in);
	}
}

static void to_utf8(struct slice in, struct buf *out)
{
	assert_true(charset_to_utf8(S("KOI8-R"), in, out));
}

static void test_charset(void **state)
{
	static const struct text_case cases[] = { { "\xc1", "\u0430" } };
	struct buf out = { 0 };

	(void)state;
	run_cases(cases, COUNT(cases), to_utf8);
	assert_false(charset_to_utf8(S("x-none"), S("a"), &out));
	assert_false(charset_to_utf8(S("utf-8//translit"), S("a"), &out));
	assert_true(charset_to_utf8(S("US-ASCII"), S("a\xe4"), &out));
	assert_text("US-ASCII", &out, "a\ufffd");
	buf_free(&out);
}

static void test_html(void **state)
{
	static const struct text_case cases[] = {
		{ "a<b>b</b>c<br>d", "abc d" },
		{ "<head><title>t</title></head><p>x", "   x" },
		{ "<style>p{}</style>x", "  x" },
		{ "<STYLE>p", " " },
		{ "a<!-- <b> -->c<!-- d", "ac" },
		{ "&lt;&amp;&#65;&#x42;&euro;&nosuch;&",
		  "<&AB\u20ac&nosuch;&" },
		{ "1 < 2 <", "1 < 2 <" },
		{ "a<b", "a" },
		{ "&#99999999;&#xg;", "&#99999999;&#xg;" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), html_strip);
}

/* behaviours 123 and 129 */
static void test_wire(void **state)
{
	static const struct text_case cases[] = {
		{ "", "\"\"" },
		{ "a \"b\\", "\"a \\\"b\\\\\"" },
		{ "caf\u00e9", "\"=?utf-8?b?Y2Fmw6k=?=\"" },
		{ "a \u00e9 \u00e9 b", "\"a =?utf-8?b?w6kgw6k=?= b\"" },
		{ "\xe9 =?utf-8?q?x?=",
		  "\"=?iso-8859-1?b?6SA=?= =?utf-8?q?x?=\"" },
		{ "a\x01", "\"=?utf-8?b?YQE=?=\"" },
		{ "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
		  "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
		  "\u00e4\u00e4",
		  "\"=?utf-8?b?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMO"
		  "kw6TDpMOk?= =?utf-8?b?w6Q=?=\"" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), wire_string);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decoder),
		cmocka_unit_test(test_charset),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
