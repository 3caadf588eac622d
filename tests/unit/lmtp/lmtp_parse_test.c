/* lmtp_parse_test.c -- LMTP commands; inputs end at an unreadable page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "../edge.h"
#include "base/limits.h"
#include "lmtp/lmtp_parse.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void test_accepted(void **state)
{
	static const struct {
		const char *line;
		enum lmtp_verb verb;
		const char *path;
		uint64_t size;
		bool smtputf8;
	} cases[] = {
		{ "LHLO mx.example.org", LMTP_LHLO, "", 0, false },
		{ "lhlo [127.0.0.1]", LMTP_LHLO, "", 0, false },
		{ "MAIL FROM:<>", LMTP_MAIL, "", 0, false },
		{ "mail from:<a@b>", LMTP_MAIL, "a@b", 0, false },
		{ "MAIL FROM: <a@b>", LMTP_MAIL, "a@b", 0, false },
		{ "MAIL FROM:<a@b> SIZE=42 BODY=8BITMIME SMTPUTF8", LMTP_MAIL,
		  "a@b", 42, true },
		{ "MAIL FROM:<a@b> size=18446744073709551615 body=7bit",
		  LMTP_MAIL, "a@b", UINT64_MAX, false },
		{ "MAIL FROM:<a@b> RET=HDRS ENVID=x AUTH=<>", LMTP_MAIL, "a@b",
		  0, false },
		{ "MAIL FROM:<\303\244@b> SMTPUTF8", LMTP_MAIL, "\303\244@b", 0,
		  true },
		{ "MAIL FROM:<\"a b>\\\"c\"@d>", LMTP_MAIL, "\"a b>\\\"c\"@d",
		  0, false },
		{ "MAIL FROM:<a@[IPv6:::1]>", LMTP_MAIL, "a@[IPv6:::1]", 0,
		  false },
		{ "RCPT TO:<a+b@c>", LMTP_RCPT, "a+b@c", 0, false },
		{ "RCPT TO:<postmaster>", LMTP_RCPT, "postmaster", 0, false },
		{ "RCPT TO:<@x,@y:a@c>", LMTP_RCPT, "a@c", 0, false },
		{ "RCPT TO:<a@c> NOTIFY=NEVER ORCPT=rfc822;a@c", LMTP_RCPT,
		  "a@c", 0, false },
		{ "DATA", LMTP_DATA, "", 0, false },
		{ "data ", LMTP_DATA, "", 0, false },
		{ "RSET", LMTP_RSET, "", 0, false },
		{ "NOOP", LMTP_NOOP, "", 0, false },
		{ "NOOP what ever", LMTP_NOOP, "", 0, false },
		{ "VRFY bob", LMTP_VRFY, "", 0, false },
		{ "QUIT", LMTP_QUIT, "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct edge e = edge_new(slice_cstr(cases[i].line));
		struct lmtp_command c;

		assert_null(lmtp_parse(e.text, &c));
		assert_int_equal(c.verb, cases[i].verb);
		assert_true(slice_eq(c.path, slice_cstr(cases[i].path)));
		assert_int_equal(c.size, cases[i].size);
		assert_int_equal(c.smtputf8, cases[i].smtputf8);
		edge_free(&e);
	}
}

static void test_refused(void **state)
{
	static const struct {
		struct slice line;
		const char *code;
	} cases[] = {
		{ { "", 0 }, "500 5.5.1" },
		{ { "EHLO x", 6 }, "500 5.5.1" },
		{ { "HELO x", 6 }, "500 5.5.1" },
		{ { "LHLO", 4 }, "501 5.5.4" },
		{ { "MAIL", 4 }, "501 5.5.4" },
		{ { "MAIL <a@b>", 10 }, "501 5.5.4" },
		{ { "MAIL FROM:", 10 }, "501 5.1.7" },
		{ { "MAIL FROM:a@b", 13 }, "501 5.1.7" },
		{ { "MAIL FROM:<a@b", 14 }, "501 5.1.7" },
		{ { "MAIL FROM:<a b@c>", 17 }, "501 5.1.7" },
		{ { "MAIL FROM:<a<b>", 15 }, "501 5.1.7" },
		{ { "MAIL FROM:<\"a>", 14 }, "501 5.1.7" },
		{ { "MAIL FROM:<\"a\\", 14 }, "501 5.1.7" },
		{ { "MAIL FROM:<a>SIZE=1", 19 }, "501 5.1.7" },
		{ { "MAIL FROM:<\377@b>", 15 }, "501 5.1.7" },
		{ { "MAIL FROM:<@x>", 14 }, "501 5.1.7" },
		{ { "MAIL FROM:<a> SIZE=", 19 }, "501 5.5.4" },
		{ { "MAIL FROM:<a> SIZE=x", 20 }, "501 5.5.4" },
		{ { "MAIL FROM:<a> SIZE=-1", 21 }, "501 5.5.4" },
		{ { "MAIL FROM:<a> SIZE=18446744073709551616", 39 },
		  "501 5.5.4" },
		{ { "MAIL FROM:<a> BODY=BINARYMIME", 29 }, "501 5.5.4" },
		{ { "MAIL FROM:<a> SMTPUTF8=1", 24 }, "501 5.5.4" },
		{ { "MAIL FROM:<a> X=1", 17 }, "555 5.5.4" },
		{ { "MAIL FROM:<a> NOTIFY=NEVER", 26 }, "555 5.5.4" },
		{ { "RCPT TO:<>", 10 }, "501 5.1.7" },
		{ { "RCPT TO:<a> SIZE=1", 18 }, "555 5.5.4" },
		{ { "DATA x", 6 }, "501 5.5.4" },
		{ { "VRFY", 4 }, "501 5.5.4" },
		{ { "BDAT 1", 6 }, "500 5.5.1" },
		{ { "NO\0OP", 5 }, "500 5.5.2" },
		{ { "NOOP\rRSET", 9 }, "500 5.5.2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct edge e = edge_new(cases[i].line);
		struct lmtp_command c;
		const char *refused = lmtp_parse(e.text, &c);

		assert_non_null(refused);
		assert_memory_equal(refused, cases[i].code, 9);
		edge_free(&e);
	}
}

/* LIMIT_LMTP_PATH */
static void test_path_limit(void **state)
{
	char line[LIMIT_LMTP_PATH + 64];
	struct lmtp_command c;

	(void)state;
	memset(line, 'a', sizeof line);
	memcpy(line, "RCPT TO:<", 9);
	line[9 + LIMIT_LMTP_PATH] = '>';
	assert_null(lmtp_parse(slice_of(line, 10 + LIMIT_LMTP_PATH), &c));
	line[9 + LIMIT_LMTP_PATH] = 'a';
	line[10 + LIMIT_LMTP_PATH] = '>';
	assert_non_null(lmtp_parse(slice_of(line, 11 + LIMIT_LMTP_PATH), &c));
}

static void test_unquote(void **state)
{
	static const struct {
		const char *path;
		const char *plain;
	} cases[] = {
		{ "bob@x", "bob@x" },
		{ "\"bob\"@x", "bob@x" },
		{ "\"b\\ob c\"@x", "bob c@x" },
		{ "\"a\\\"\\\\\"@x", "a\"\\@x" },
		{ "\"a\\", "a\\" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct edge e = edge_new(slice_cstr(cases[i].path));
		char *to = malloc(e.text.len + 1);
		size_t n = lmtp_unquote(e.text, to);

		assert_true(
			slice_eq(slice_of(to, n), slice_cstr(cases[i].plain)));
		free(to);
		edge_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_path_limit),
		cmocka_unit_test(test_unquote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
