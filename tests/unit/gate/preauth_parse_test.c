/*
 * preauth_parse_test.c -- the grammar before log-in. Inputs end at an
 * unreadable page. behaviours 14, 26, 27, 28, 30, 32, 45
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "../edge.h"
#include "base/buf.h"
#include "gate/preauth_parse.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void assert_slice(struct slice got, const char *wanted)
{
	assert_int_equal(got.len, strlen(wanted));
	assert_memory_equal(got.ptr, wanted, got.len);
}

/* The last answer of the cutter, fed one byte more at a time. */
static enum preauth_cut cut_slowly(const char *text, size_t *len,
                                   unsigned *continues)
{
	struct preauth_cutter c = { 0 };
	struct slice s = slice_cstr(text);

	*continues = 0;
	for (size_t n = 0; n <= s.len; n++) {
		struct edge e = edge_new(slice_first(s, n));
		enum preauth_cut got;

		while ((got = preauth_cut(&c, e.text, len)) == CUT_CONTINUE)
			(*continues)++;
		edge_free(&e);
		if (got != CUT_MORE)
			return got;
	}
	return CUT_MORE;
}

static void test_cut(void **state)
{
	static const struct {
		const char *in;
		enum preauth_cut cut;
		size_t len;
		unsigned continues;
	} cases[] = {
		{ "a NOOP\r\nb", CUT_COMMAND, 8, 0 },
		{ "a NOOP\nb", CUT_COMMAND, 7, 0 },
		{ "\r\na", CUT_COMMAND, 2, 0 },
		{ "a NOOP\r", CUT_MORE, 0, 0 },
		{ "", CUT_MORE, 0, 0 },
		{ "a LOGIN {1}\r\nx {2}\r\nyz\r\nb", CUT_COMMAND, 24, 2 },
		{ "a LOGIN {1+}\r\nx {2+}\r\nyz\r\nb", CUT_COMMAND, 26, 0 },
		{ "a LOGIN {0}\r\n {0}\r\n\r\n", CUT_COMMAND, 21, 2 },
		{ "a LOGIN {1}\n\n {0}\r\n\r\n", CUT_COMMAND, 21, 2 },
		{ "a X {4096}\r\n", CUT_MORE, 0, 1 },
		{ "a X {4096+}\r\n", CUT_MORE, 0, 0 },
		{ "a X {4097}\r\nb", CUT_TOO_BIG, 12, 0 },
		{ "a X {4097+}\r\nb", CUT_FLOOD, 13, 0 },
		{ "a X {4294967295}\r\n", CUT_TOO_BIG, 18, 0 },
		{ "a X {99999999999999999999}\r\n", CUT_TOO_BIG, 28, 0 },
		{ "a X {99999999999999999999+}\r\n", CUT_FLOOD, 29, 0 },
		{ "a X {}\r\n", CUT_COMMAND, 8, 0 },
		{ "a X {+}\r\n", CUT_COMMAND, 9, 0 },
		{ "a X {-1}\r\n", CUT_COMMAND, 10, 0 },
		{ "a X {1}x\r\n", CUT_COMMAND, 10, 0 },
		{ "a X }\r\n", CUT_COMMAND, 7, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = 0;
		unsigned continues;

		assert_int_equal(cut_slowly(cases[i].in, &len, &continues),
		                 cases[i].cut);
		assert_int_equal(continues, cases[i].continues);
		if (cases[i].len != 0)
			assert_int_equal(len, cases[i].len);
	}
}

/* LIMIT_PREAUTH_LINE: at it, one beyond it, never finished */
static void test_cut_at_limit(void **state)
{
	static const struct {
		size_t size; /* with its LF */
		bool finished;
		enum preauth_cut cut;
	} cases[] = {
		{ LIMIT_PREAUTH_LINE, true, CUT_COMMAND },
		{ LIMIT_PREAUTH_LINE + 1, true, CUT_TOO_LONG },
		{ LIMIT_PREAUTH_LINE - 1, false, CUT_MORE },
		{ LIMIT_PREAUTH_LINE, false, CUT_TOO_LONG },
	};
	char *text = malloc(LIMIT_PREAUTH_LINE + 2);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct preauth_cutter c = { 0 };
		size_t len;

		memset(text, '(', LIMIT_PREAUTH_LINE + 2);
		if (cases[i].finished)
			text[cases[i].size - 1] = '\n';
		assert_int_equal(
			preauth_cut(&c, slice_of(text, cases[i].size), &len),
			cases[i].cut);
	}
	free(text);
}

/* Literals within their own limit, but not within the command's. */
static void test_cut_literals_add_up(void **state)
{
	struct preauth_cutter c = { 0 };
	struct buf in = { 0 };
	size_t len;

	(void)state;
	buf_add(&in, S("a LOGIN {4096+}\r\n"));
	for (size_t i = 0; i < LIMIT_PREAUTH_LINE / 4096; i++) {
		assert_int_equal(preauth_cut(&c, buf_slice(&in), &len),
		                 CUT_MORE);
		memset(buf_room(&in, 4096), 'x', 4096);
		in.len += 4096;
		buf_add(&in, S(" {4096+}\r\n"));
	}
	assert_int_equal(preauth_cut(&c, buf_slice(&in), &len), CUT_FLOOD);
	buf_free(&in);
}

static struct err parse(struct slice text, struct preauth_command *out,
                        struct edge *e, char **scratch)
{
	*e = edge_new(text);
	*scratch = malloc(text.len);
	return preauth_parse(e->text, *scratch, out);
}

static void test_verbs(void **state)
{
	static const struct {
		const char *in;
		const char *tag;
		enum preauth_verb verb;
	} cases[] = {
		{ "a CAPABILITY\r\n", "a", VERB_CAPABILITY },
		{ "a noop\n", "a", VERB_NOOP },
		{ "]1.!#$&',-/:;<=>?@^_`|}~ Logout\r\n",
		  "]1.!#$&',-/:;<=>?@^_`|}~", VERB_LOGOUT },
		{ "STARTTLS StartTLS\r\n", "STARTTLS", VERB_STARTTLS },
		{ "a ID NIL\r\n", "a", VERB_ID },
		{ "a ID nil\r\n", "a", VERB_ID },
		{ "a ID ()\r\n", "a", VERB_ID },
		{ "a ID (\"x\" NIL)\r\n", "a", VERB_ID },
		{ "a ID (name \"x\")\r\n", "a", VERB_ID },
		{ "a ID ({1}\r\nx {0+}\r\n)\r\n", "a", VERB_ID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct preauth_command c;
		char *scratch;
		struct edge e;

		assert_true(is_ok(
			parse(slice_cstr(cases[i].in), &c, &e, &scratch)));
		assert_slice(c.tag, cases[i].tag);
		assert_int_equal(c.verb, cases[i].verb);
		free(scratch);
		edge_free(&e);
	}
}

static void test_login(void **state)
{
	static const struct {
		const char *in;
		const char *user;
		const char *secret;
	} cases[] = {
		{ "a LOGIN bob pass\r\n", "bob", "pass" },
		{ "a LOGIN bob@example.org x]y\r\n", "bob@example.org", "x]y" },
		{ "a LOGIN \"bob\" \"pass\"\r\n", "bob", "pass" },
		{ "a LOGIN \"b\\\"o\\\\b\" \"(){ %*]\"\r\n", "b\"o\\b",
		  "(){ %*]" },
		{ "a LOGIN \"\" \"\"\r\n", "", "" },
		{ "a LOGIN {3}\r\nbob {4}\r\npass\r\n", "bob", "pass" },
		{ "a LOGIN {3+}\r\nbob {4+}\npass\n", "bob", "pass" },
		{ "a LOGIN b {5+}\r\n\303\244 \r\n\r\n", "b", "\303\244 \r\n" },
		{ "a LOGIN NIL nil\r\n", "NIL", "nil" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct preauth_command c;
		char *scratch;
		struct edge e;

		assert_true(is_ok(
			parse(slice_cstr(cases[i].in), &c, &e, &scratch)));
		assert_int_equal(c.verb, VERB_LOGIN);
		assert_slice(c.user, cases[i].user);
		assert_slice(c.secret, cases[i].secret);
		free(scratch);
		edge_free(&e);
	}
}

static void test_authenticate(void **state)
{
	static const struct {
		const char *in;
		bool has_initial;
		const char *initial;
	} cases[] = {
		{ "a AUTHENTICATE PLAIN\r\n", false, "" },
		{ "a AUTHENTICATE PLAIN =\r\n", true, "" },
		{ "a AUTHENTICATE PLAIN AGEAYg==\r\n", true, "AGEAYg==" },
		{ "a authenticate PLAIN x+/9\r\n", true, "x+/9" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct preauth_command c;
		char *scratch;
		struct edge e;

		assert_true(is_ok(
			parse(slice_cstr(cases[i].in), &c, &e, &scratch)));
		assert_slice(c.mechanism, "PLAIN");
		assert_int_equal(c.has_initial, cases[i].has_initial);
		assert_slice(c.initial, cases[i].initial);
		free(scratch);
		edge_free(&e);
	}
}

/* A string holds no NUL here; write one as \1 and it becomes one. */
static void test_refused(void **state)
{
	static const struct {
		const char *in;
		const char *tag; /* what the BAD will carry, "" for "*" */
	} cases[] = {
		{ "\r\n", "" },
		{ " NOOP\r\n", "" },
		{ "a\r\n", "" },
		{ "a \r\n", "a" },
		{ "+ NOOP\r\n", "" },
		{ "a+b NOOP\r\n", "" },
		{ "a(b NOOP\r\n", "" },
		{ "a\\ NOOP\r\n", "" },
		{ "\303\244 NOOP\r\n", "" },
		{ "a  NOOP\r\n", "a" },
		{ "a NOOP \r\n", "a" },
		{ "a NOOP x\r\n", "a" },
		{ "a NOOP\r\r\n", "a" },
		{ "a NO\1OP\r\n", "a" },
		{ "a SELECT INBOX\r\n", "a" },
		{ "a STARTTLS x\r\n", "a" },
		{ "a LOGIN\r\n", "a" },
		{ "a LOGIN bob\r\n", "a" },
		{ "a LOGIN bob \r\n", "a" },
		{ "a LOGIN  bob x\r\n", "a" },
		{ "a LOGIN bob x y\r\n", "a" },
		{ "a LOGIN bob \"x\r\n", "a" },
		{ "a LOGIN bob \"x\\\"\r\n", "a" },
		{ "a LOGIN bob \"\\x\"\r\n", "a" },
		{ "a LOGIN bob \"x\"y\r\n", "a" },
		{ "a LOGIN bob \"x\1y\"\r\n", "a" },
		{ "a LOGIN bob \"\303\244\"\r\n", "a" },
		{ "a LOGIN bob \303\244\r\n", "a" },
		{ "a LOGIN bob {3}\r\nx\1y\r\n", "a" },
		{ "a LOGIN bob ~{3}\r\nxyz\r\n", "a" },
		{ "a LOGIN bob x{3}\r\nxyz\r\n", "a" },
		{ "a LOGIN bob (x)\r\n", "a" },
		{ "a LOGIN b*b x\r\n", "a" },
		{ "a AUTHENTICATE\r\n", "a" },
		{ "a AUTHENTICATE PLAIN \r\n", "a" },
		{ "a AUTHENTICATE PLAIN *\r\n", "a" },
		{ "a AUTHENTICATE PLAIN AA== x\r\n", "a" },
		{ "a ID\r\n", "a" },
		{ "a ID NILL\r\n", "a" },
		{ "a ID (\r\n", "a" },
		{ "a ID (((((((\r\n", "a" },
		{ "a ID (x)\r\n", "a" },
		{ "a ID (\"x\" y)\r\n", "a" },
		{ "a ID (\"x\" (\"y\"))\r\n", "a" },
		{ "a ID (NIL NIL) x\r\n", "a" },
		{ "a ID (\"x\" \"y\" )\r\n", "a" },
		{ "a ID (\"x\"\"y\")\r\n", "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = slice_cstr(cases[i].in);
		char *copy = malloc(in.len);
		struct preauth_command c;
		char *scratch;
		struct edge e;

		for (size_t n = 0; n < in.len; n++)
			copy[n] = in.ptr[n] == '\1' ? '\0' : in.ptr[n];
		assert_int_equal(
			parse(slice_of(copy, in.len), &c, &e, &scratch).code,
			ERR_SYNTAX);
		assert_slice(c.tag, cases[i].tag);
		free(scratch);
		free(copy);
		edge_free(&e);
	}
}

/* `n` pairs whose key and value have these sizes */
static enum err_code parse_pairs(size_t n, int key, int value)
{
	struct buf in = { 0 };
	struct preauth_command c;
	enum err_code code;
	char *scratch;
	struct edge e;

	buf_add(&in, S("a ID ("));
	for (size_t i = 0; i < n; i++) {
		buf_printf(&in, "%s\"%0*d\" \"%0*d\"", i != 0 ? " " : "", key,
		           0, value, 0);
	}
	buf_add(&in, S(")\r\n"));
	code = parse(buf_slice(&in), &c, &e, &scratch).code;
	buf_free(&in);
	free(scratch);
	edge_free(&e);
	return code;
}

/* behaviour 17: LIMIT_ID_PAIRS, LIMIT_ID_KEY and LIMIT_ID_VALUE */
static void test_id_limits(void **state)
{
	(void)state;
	assert_int_equal(parse_pairs(30, 30, 10), ERR_OK);
	assert_int_equal(parse_pairs(31, 30, 10), ERR_SYNTAX);
	assert_int_equal(parse_pairs(1, 31, 10), ERR_SYNTAX);
	assert_int_equal(parse_pairs(1, 30, 1024), ERR_OK);
	assert_int_equal(parse_pairs(1, 30, 1025), ERR_SYNTAX);
}

static void test_tag_limit(void **state)
{
	char text[LIMIT_TAG + 8];

	(void)state;
	memset(text, 't', sizeof text);
	text[LIMIT_TAG] = ' ';
	assert_int_equal(preauth_parse_tag(slice_of(text, sizeof text)).len,
	                 LIMIT_TAG);
	memset(text, 't', sizeof text);
	text[LIMIT_TAG + 1] = ' ';
	assert_int_equal(preauth_parse_tag(slice_of(text, sizeof text)).len, 0);
	assert_int_equal(preauth_parse_tag(S("")).len, 0);
	assert_int_equal(preauth_parse_tag(S("a")).len, 0);
}

/* behaviour 16 */
static void test_foreign(void **state)
{
	static const struct {
		const char *line;
		bool is_foreign;
	} cases[] = {
		{ "GET / HTTP/1.1", true },
		{ "POST /x HTTP/1.0", true },
		{ "PRI * HTTP/2.0", true },
		{ "OPTIONS * HTTP/1.1", true },
		{ "\x16\x03\x01\x02", true },
		{ "GET NOOP", false },
		{ "a NOOP", false },
		{ "get / HTTP/1.1", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct edge e = edge_new(slice_cstr(cases[i].line));

		assert_int_equal(preauth_is_foreign(e.text),
		                 cases[i].is_foreign);
		edge_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_at_limit),
		cmocka_unit_test(test_cut_literals_add_up),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_authenticate),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_id_limits),
		cmocka_unit_test(test_tag_limit),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
