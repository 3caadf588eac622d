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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
