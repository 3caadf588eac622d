/* wire_test.c -- strings in wire form, and UTF-8 back from them. */
#include "mime/wire.h"

#include "text_cases.h"

/* behaviour 123: what is no US-ASCII becomes encoded words */
static void test_strings(void **state)
{
	static const struct text_case cases[] = {
		{ "", "\"\"" },
		{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
		{ "\xc3\xa4", "\"=?utf-8?b?w6Q=?=\"" },
		{ "x \xc3\xa4 \xc3\xb6 y", "\"x =?utf-8?b?w6Qgw7Y=?= y\"" },
		{ "\xe4", "\"=?iso-8859-1?b?5A==?=\"" },
		{ "a\tb", "\"=?utf-8?b?YQli?=\"" },
		/* spaces that would vanish between encoded words */
		{ "\xc3\xa4  =?x?q?y?= z",
		  "\"=?utf-8?b?w6QgIA==?= =?x?q?y?= z\"" },
		{ "=?x?q?y?=  \xc3\xa4", "\"=?x?q?y?= =?utf-8?b?ICDDpA==?=\"" },
		{ "=?x?q?y?= \xc3\xa4 =?x?q?y?=",
		  "\"=?x?q?y?= =?utf-8?b?IMOkIA==?= =?x?q?y?=\"" },
		{ "=?x?q?y?= z \xc3\xa4", "\"=?x?q?y?= z =?utf-8?b?w6Q=?=\"" },
		{ "\xc3\xa4 =?x", "\"=?utf-8?b?w6Q=?= =?x\"" },
		{ " \xc3\xa4  ", "\" =?utf-8?b?w6Q=?=  \"" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), wire_string);
}

static void there_and_back(struct slice text, struct buf *out)
{
	struct buf form = { 0 };

	wire_string(text, &form);
	wire_utf8(buf_slice(&form), out);
	buf_free(&form);
}

#define LONG_WORDS                                                          \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 " \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 " \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"

static void test_there_and_back(void **state)
{
	static const struct text_case cases[] = {
		{ "plain", "\"plain\"" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" },
		{ "x \xc3\xa4 \xc3\xb6 y", "\"x \xc3\xa4 \xc3\xb6 y\"" },
		{ "\"\xc3\xa4\\\"", "\"\\\"\xc3\xa4\\\\\\\"\"" },
		{ LONG_WORDS, "\"" LONG_WORDS "\"" },
		{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
		/* what is no UTF-8, or may not be quoted */
		{ "\xe4", "\"=?iso-8859-1?b?5A==?=\"" },
		{ "\xc3\xa4\t", "\"=?utf-8?b?w6QJ?=\"" },
		/* what would be taken for an encoded word */
		{ "\xc3\xa4=?", "\"=?utf-8?b?w6Q9Pw==?=\"" },
		/* beside what somebody else wrote, whose spaces don't count */
		{ "\xc3\xa4  =?x?q?y?=", "\"\xc3\xa4  =?x?q?y?=\"" },
		{ "=?x?q?y?= \xc3\xa4 =?x?q?y?= \xc3\xa4",
		  "\"=?x?q?y?= \xc3\xa4 =?x?q?y?= \xc3\xa4\"" },
		{ "=?utf-8?q?y?= =?utf-8?b?w6Q=?=",
		  "\"=?utf-8?q?y?= =?utf-8?b?w6Q=?=\"" },
		{ "=?utf-8?b?w6Q=?=  =?utf-8?q?y?=",
		  "\"=?utf-8?b?w6Q=?=  =?utf-8?q?y?=\"" },
		{ "=?utf-8?b?IMOk?= =?x?q?y?=",
		  "\"=?utf-8?b?IMOk?= =?x?q?y?=\"" },
		{ "=?x?q?y?= =?utf-8?b?IMOk?=", "\"=?x?q?y?= \xc3\xa4\"" },
		{ "=?x?q?y?= =?utf-8?b?IA==?= =?x?q?y?=",
		  "\"=?x?q?y?= =?utf-8?b?IA==?= =?x?q?y?=\"" },
		/* as somebody else wrote them */
		{ "=?utf-8?q?=C3=A4?=", "\"=?utf-8?q?=C3=A4?=\"" },
		{ "=?UTF-8?B?w6Q=?=", "\"=?UTF-8?B?w6Q=?=\"" },
		{ "=?utf-8?b?w6Q=?=x", "\"=?utf-8?b?w6Q=?=x\"" },
		{ "=?utf-8?b?w6R=?=", "\"=?utf-8?b?w6R=?=\"" },
		{ "=?utf-8?b?w6Q=?=", "\"\xc3\xa4\"" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), there_and_back);
}

/* Neither ends before the other begins. */
static void test_forms(void **state)
{
	static const struct text_case cases[] = {
		{ "NIL", "NIL" },
		{ "(\"=?utf-8?b?\" \"=?utf-8?b?w6Q=?=\")",
		  "(\"=?utf-8?b?\" \"\xc3\xa4\")" },
		{ "(\"=?utf-8?b?w6Q=\" \"?=\")",
		  "(\"=?utf-8?b?w6Q=\" \"?=\")" },
		{ "(\"=?utf-8?b?w6Q=?=\"(\"=?utf-8?b?w7Y=?=\"))",
		  "(\"\xc3\xa4\"(\"\xc3\xb6\"))" },
		{ "\"=?utf-8?b?", "\"=?utf-8?b?" },
		{ "\"=?utf-8?b?\?=\"", "\"=?utf-8?b?\?=\"" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), wire_utf8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
