/* header_test.c -- fields, their choice and decoding; line ends. */
#include "mime/header.h"

#include "mime/crlf.h"
#include "text_cases.h"

static void feed_bytewise(struct slice in, struct buf *out)
{
	struct crlf c = { 0 };

	for (size_t i = 0; i < in.len; i++)
		crlf_feed(&c, slice_of(in.ptr + i, 1), out);
}

static void feed_whole(struct slice in, struct buf *out)
{
	struct crlf c = { 0 };

	crlf_feed(&c, in, out);
}

/* behaviour 112: a message that came with LF is counted with CRLF */
static void test_crlf(void **state)
{
	static const struct text_case cases[] = {
		{ "", "" },
		{ "a\nb\r\nc\rd\r\r\n\n", "a\r\nb\r\nc\rd\r\r\n\r\n" },
		{ "\n\n", "\r\n\r\n" },
		{ "\r", "\r" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), feed_whole);
	run_cases(cases, COUNT(cases), feed_bytewise);
}

/* behaviour 108 */
#define HEADER                                                       \
	"Date: one\r\nX-A: 1\r\n\tmore\r\nfrom : f\r\nDATE: two\r\n" \
	"no field\r\n continued\r\nX-B:\r\n\r\nDate: of the body\r\n"

static void choose(bool not_these, const char *want)
{
	const struct slice names[] = { S("Date"), S("From"), S("X") };
	struct edge in = edge_new(S(HEADER));
	struct buf out = { 0 };

	header_select(in.text, names, COUNT(names), not_these, &out);
	assert_text(HEADER, &out, want);
	buf_free(&out);
	edge_free(&in);
}

static void test_select(void **state)
{
	(void)state;
	choose(false, "Date: one\r\nfrom : f\r\nDATE: two\r\n\r\n");
	choose(true, "X-A: 1\r\n\tmore\r\nX-B:\r\n\r\n");
}

static void list_fields(struct slice in, struct buf *out)
{
	struct slice name, value;

	while (header_next(&in, &name, &value)) {
		buf_add(out, name);
		buf_byte(out, '=');
		buf_add(out, value);
		buf_byte(out, '|');
	}
}

static void test_next(void **state)
{
	static const struct text_case cases[] = {
		{ "", "" },
		{ "A: b", "A= b|" },
		{ "A:\r\n b\r\n c\r\nD:e\r\n\r\nF:g", "A=\r\n b\r\n c|D=e|" },
		{ "From x@y now\r\nA:b\r\n", "A=b|" },
		{ ":a\r\nb c:d\r\n:\r\n", "" },
		{ " a: b\r\n", "" },
		{ "A:b\nC:d\n\nE:f\n", "A=b|C=d|" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), list_fields);
}

/* RFC 2047 sections 5 and 8 */
static void test_decode(void **state)
{
	static const struct text_case cases[] = {
		{ " plain\r\n\ttext ", "plain text" },
		{ "=?ISO-8859-1?Q?a?=", "a" },
		{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
		{ "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab" },
		{ "=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=", "ab" },
		{ "=?ISO-8859-1?Q?a_b?=", "a b" },
		{ "=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "\u00e4" },
		{ "=?UTF-8*de?B?w6Q=?=", "\u00e4" },
		{ "=?iso-2022-jp?B?GyRCJDMkcxsoQg==?=", "\u3053\u3093" },
		{ "=?gb2312?B?xOO6ww==?=", "\u4f60\u597d" },
		{ "=?no-such?Q?=E4=80?=", "\u00e4\u20ac" },
		{ "=?utf-8?q?=FF?=", "\ufffd" },
		{ "raw \xc3\xa4 and \xe4", "raw \u00e4 and \u00e4" },
		{ "=?utf-8?q?unfinished", "=?utf-8?q?unfinished" },
		{ "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
		{ "=?", "=?" },
		{ "=?a?=?b?q?x?=", "=?a?x" },
		{ "a =?utf-8?q?b?= c =?utf-8?q?d?= e", "a b c d e" },
		{ "=?utf-8?q?a=?=", "a=" },
		{ "=?utf-8?b?YQ?=", "a" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), header_decode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crlf),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
