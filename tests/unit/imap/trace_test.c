/* trace_test.c -- octets in any chunks become the same lines. */
#include "imap/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_line(void *ctx, struct slice session_id, struct slice line)
{
	assert_true(slice_eq(session_id, S("0123456789abcdef")));
	buf_add(ctx, line);
	buf_byte(ctx, '\n');
}

static void feed(struct trace *t, struct trace_way *w, struct slice octets,
                 size_t chunk)
{
	while (octets.len != 0) {
		trace_feed(t, w, S("0123456789abcdef"),
		           slice_first(octets, chunk));
		octets = slice_from(octets,
		                    octets.len < chunk ? octets.len : chunk);
	}
}

static void check(struct slice octets, bool text, bool server, size_t chunk,
                  const char *expected)
{
	struct buf lines = { 0 };
	struct trace_sink sink = { on_line, &lines, text };
	struct trace t;

	trace_init(&t, &sink);
	feed(&t, server ? &t.server : &t.client, octets, chunk);
	buf_byte(&lines, '\0');
	assert_string_equal(lines.data, expected);
	trace_fini(&t);
	buf_free(&lines);
}

struct row {
	struct slice octets;
	const char *lines;
	bool text;
	bool server;
};

static const struct row rows[] = {
	{ N("a NOOP\r\nb NOOP\r\n"), "C: a NOOP\nC: b NOOP\n" },
	{ N("a NOOP\nnot whole"), "C: a NOOP\n" },
	{ N("* OK \t\x80\r\n"), "S: * OK \\x09\\x80\n", false, true },
	{ N("a APPEND b {5}\r\nhello\r\nb NOOP\r\n"),
	  "C: a APPEND b {5}\n# 5 octets\nC: \nC: b NOOP\n" },
	{ N("a APPEND b {13+}\r\nhello\r\nworld!\r\nb NOOP\r\n"),
	  "C: a APPEND b {13+}\nC: hello\nC: world!\nC: \nC: b NOOP\n", true },
	{ N("* 1 FETCH (BODY[] {2}\r\nab UID 1)\r\n"),
	  "S: * 1 FETCH (BODY[] {2}\n# 2 octets\nS:  UID 1)\n", false, true },
	{ N("a APPEND b ~{0}\r\n\r\n"), "C: a APPEND b ~{0}\nC: \n" },
	/* credentials: not in a line, a literal, nor behind one */
	{ N("a login ann secret\r\nb NOOP\r\n"), "C: a login...\nC: b NOOP\n" },
	{ N("a AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=\r\n"),
	  "C: a AUTHENTICATE...\n", true },
	{ N("a LOGIN {3}\r\nann {6+}\r\nsecret\r\nb NOOP\r\n"),
	  "C: a LOGIN...\n# 3 octets\nC: ...\n# 6 octets\nC: ...\n"
	  "C: b NOOP\n",
	  true },
	{ N("a LOGIN {0}\r\n secret\r\nb NOOP\r\n"),
	  "C: a LOGIN...\nC: ...\nC: b NOOP\n" },
	/* nor in what answers AUTHENTICATE, however often it asks */
	{ N("a AUTHENTICATE PLAIN\r\nAGFubgBzZWNyZXQ=\r\nb NOOP\r\nc\r\n"),
	  "C: a AUTHENTICATE...\nC: ...\nC: b NOOP\nC: c\n", true },
	{ N("a Authenticate scram-sha-256\r\nbiwsbj1hbm4=\r\nYz1iaXdz\r\n*\r\n"),
	  "C: a Authenticate...\nC: ...\nC: ...\nC: ...\n" },
	{ N("a AUTHENTICATE PLAIN {16}\r\nAGFubgBzZWNyZXQ=\r\nb NOOP\r\n"),
	  "C: a AUTHENTICATE...\n# 16 octets\nC: ...\nC: b NOOP\n", true },
	{ N("a AUTHENTICATE\r\nb NOOP\r\n"),
	  "C: a AUTHENTICATE...\nC: b NOOP\n" },
	/* nor in a line that is no command for its spaces, or without a tag */
	{ N("a  LOGIN ann secret\r\n a LOGIN ann secret\r\n"),
	  "C: a  LOGIN...\nC:  a LOGIN...\n" },
	{ N("LOGIN ann secret\r\na SELECT login\r\n"),
	  "C: LOGIN...\nC: a SELECT login\n" },
	/* text of messages, whichever command brings it */
	{ N("a APPEND b CATENATE (URL \"/c/;UID=1\" TEXT {5+}\r\nhello URL x)\r\n"),
	  "C: a APPEND b CATENATE (URL \"/c/;UID=1\" TEXT {5+}\n# 5 octets\n"
	  "C:  URL x)\n" },
	{ N("a UID REPLACE 7 b (\\Draft) UTF8 (~{5+}\r\nhello)\r\n"),
	  "C: a UID REPLACE 7 b (\\Draft) UTF8 (~{5+}\n# 5 octets\nC: )\n" },
	{ N("* 1 FETCH (BINARY[1] ~{5}\r\nhello BODY[2]<0> {5}\r\nworld)\r\n"),
	  "S: * 1 FETCH (BINARY[1] ~{5}\n# 5 octets\nS:  BODY[2]<0> {5}\n"
	  "# 5 octets\nS: )\n",
	  false, true },
	{ N("* 1 FETCH (PREVIEW \"he \\\"said\\\\\" UID 1 PREVIEW \"\")\r\n"),
	  "S: * 1 FETCH (PREVIEW \"...\" UID 1 PREVIEW \"\")\n", false, true },
	{ N("* 1 FETCH (PREVIEW \"hello\" UID 1)\r\n"),
	  "S: * 1 FETCH (PREVIEW \"hello\" UID 1)\n", true, true },
	{ N("* 1 FETCH (PREVIEW \"hello\\\r\n"),
	  "S: * 1 FETCH (PREVIEW \"...\n", false, true },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t chunk = 1; chunk < 40; chunk++)
			check(rows[i].octets, rows[i].text, rows[i].server,
			      chunk, rows[i].lines);
}

/* Of a line that is too long the middle is left out; what it announces is
 * still seen. TRACE_LINE */
static void test_long_line(void **state)
{
	static const size_t chunks[] = { 1, 100, 8191, 8192, 8193, 65536 };
	struct buf octets = { 0 };
	struct buf lines = { 0 };

	(void)state;
	for (int i = 0; i < 2 * TRACE_LINE; i++)
		buf_byte(&octets, 'x');
	buf_add(&octets, S(" {2}\r\nab\r\n"));
	buf_add(&lines, S("C: "));
	for (int i = 0; i < TRACE_LINE - TRACE_TAIL; i++)
		buf_byte(&lines, 'x');
	buf_add(&lines, S("..."));
	for (int i = 0; i < TRACE_TAIL - 6; i++)
		buf_byte(&lines, 'x');
	buf_add(&lines, S(" {2}\n# 2 octets\nC: \n"));
	buf_byte(&lines, '\0');
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++)
		check(buf_slice(&octets), false, false, chunks[i], lines.data);
	buf_free(&octets);
	buf_free(&lines);
}

/* What the server takes for a tag it says back; the others stay. */
static void test_tags(void **state)
{
	struct buf lines = { 0 };
	struct trace_sink sink = { on_line, &lines, false };
	struct trace t;

	(void)state;
	trace_init(&t, &sink);
	feed(&t, &t.server, S("a BAD no\r\n"), 9);
	feed(&t, &t.client, S("a AUTHENTICATE PLAIN\r\nAGFu\r\n"), 9);
	feed(&t, &t.server, S("AGFu BAD no\r\nb OK BAD yes\r\n"), 9);
	buf_byte(&lines, '\0');
	assert_string_equal(lines.data,
	                    "S: a BAD no\nC: a AUTHENTICATE...\nC: ...\n"
	                    "S: ... BAD no\nS: b OK BAD yes\n");
	trace_fini(&t);
	buf_free(&lines);
}

/* A preview that reaches into what is left out ends there. */
static void test_long_preview(void **state)
{
	struct buf octets = { 0 };

	(void)state;
	buf_add(&octets, S("* 1 FETCH (PREVIEW \""));
	for (int i = 0; i < 2 * TRACE_LINE; i++)
		buf_byte(&octets, 'x');
	buf_add(&octets, S("\")\r\n"));
	check(buf_slice(&octets), false, true, 1000,
	      "S: * 1 FETCH (PREVIEW \"......\n");
	buf_free(&octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_long_preview),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
