/* frame_test.c -- commands out of bytes that arrive in every chunk size. */
#include "imap/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

enum { MOST_CHUNK = 16 };

/* What came out, one line a command: "text" or "!error", and what the hooks
 * were asked: "+" for a go-ahead, "<octets>" for a streamed literal. */
struct told {
	struct buf text;
};

/* "S " at the start of a command: its literals are streamed. "R ": refused. */
static struct err on_literal(void *ctx, const struct frame_literal *l,
                             enum frame_sink *sink)
{
	(void)ctx;
	*sink = slice_starts(l->text, S("S ")) ? FRAME_STREAM : FRAME_TEXT;
	if (slice_starts(l->text, S("R ")))
		return err(ERR_TOOBIG, "refused");
	return OK;
}

static void on_go_ahead(void *ctx)
{
	buf_byte(&((struct told *)ctx)->text, '+');
}

static struct err on_octets(void *ctx, struct slice octets)
{
	buf_add(&((struct told *)ctx)->text, octets);
	return OK;
}

static struct err on_end(void *ctx)
{
	buf_byte(&((struct told *)ctx)->text, '>');
	return OK;
}

static void tell_command(struct told *told, const struct framer *f)
{
	if (!is_ok(f->e))
		buf_printf(&told->text, "!%s:", f->e.text);
	for (size_t i = 0; i < f->text.len; i++)
		buf_byte(&told->text,
		         f->text.data[i] != '\0' ? f->text.data[i] : '0');
	buf_byte(&told->text, '\n');
}

static struct told feed_in_chunks(struct slice input, size_t chunk)
{
	struct told told = { 0 };
	struct frame_hooks hooks = { on_literal, on_go_ahead, on_octets, on_end,
		                     &told };
	struct framer f;

	frame_init(&f, &hooks);
	while (input.len != 0) {
		struct slice piece = slice_first(input, chunk);

		input = slice_from(input, piece.len);
		while (frame_feed(&f, &piece)) {
			tell_command(&told, &f);
			frame_next(&f);
		}
		assert_int_equal(piece.len, 0);
	}
	frame_fini(&f);
	return told;
}

/* clang-format off */
static const struct {
	const char *name;
	struct slice input;
	struct slice told;
} cases[] = {
	{ "two lines", N("a b\r\nc d\r\n"), N("a b\nc d\n") },
	{ "an empty line", N("\r\na\r\n"), N("\na\n") },
	{ "bare LF ends a line too", N("a\nb\n"), N("a\nb\n") },
	{ "a CR inside stays", N("a\rb\r\n"), N("a\rb\n") },
	{ "literal", N("a {2}\r\nxy z\r\n"), N("+a {2}\r\nxy z\n") },
	{ "literal that need not wait", N("a {2+}\r\nxy\r\n"), N("a {2+}\r\nxy\n") },
	{ "literal with line ends in it", N("a {4+}\r\n\r\n\r\n b\r\n"), N("a {4+}\r\n\r\n\r\n b\n") },
	{ "literal of nothing", N("a {0+}\r\n\r\nb\r\n"), N("a {0+}\r\n\nb\n") },
	{ "two literals", N("a {1+}\r\nx {1}\r\ny\r\n"), N("+a {1+}\r\nx {1}\r\ny\n") },
	{ "brace that is none", N("a {x}\r\nb {}\r\nc }\r\n"), N("a {x}\nb {}\nc }\n") },
	{ "streamed", N("S a {2+}\r\nxy\r\n"), N("xy>S a 0\n") },
	{ "streamed literal8", N("S a ~{2}\r\nxy\r\n"), N("+xy>S a 0\n") },
	{ "streamed of nothing", N("S a {0+}\r\n z\r\n"), N(">S a 0 z\n") },
	{ "literal8 elsewhere", N("a ~{2+}\r\nxy\r\nb\r\n"), N("!literal8 is not allowed here:a \nb\n") },
	{ "refused, waits", N("R a {2}\r\nb\r\n"), N("!refused:R \nb\n") },
	{ "refused, does not", N("R a {2+}\r\nxy z {3+}\r\nabc\r\nb\r\n"), N("!refused:R \nb\n") },
	{ "refused, another waits", N("R a {1+}\r\nx {3}\r\nb\r\n"), N("!refused:R \nb\n") },
	{ "too large", N("a {65537}\r\nb\r\n"), N("!literal is too large:a \nb\n") },
	{ "no number", N("a {99999999999999999999}\r\nb\r\n"), N("!literal is too large:a \nb\n") },
	{ "NUL", N("a \0b {1+}\r\nx\r\nc\r\n"), N("!NUL in a command:a \nc\n") },
};
/* clang-format on */

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t chunk = 1; chunk <= MOST_CHUNK; chunk++) {
			struct told told =
				feed_in_chunks(cases[i].input, chunk);

			if (!slice_eq(buf_slice(&told.text), cases[i].told))
				fail_msg("%s, chunks of %zu: %.*s",
				         cases[i].name, chunk,
				         (int)told.text.len, told.text.data);
			buf_free(&told.text);
		}
	}
}

/* LIMIT_LINE: at it, one octet beyond it, and not finished for long. */
static void feed_long_line(size_t size, size_t *most, struct err *e)
{
	struct frame_hooks hooks = { on_literal, on_go_ahead, on_octets, on_end,
		                     NULL };
	char *line = malloc(size);
	struct slice input = { line, size };
	struct framer f;

	memset(line, 'x', size);
	frame_init(&f, &hooks);
	*most = 0;
	while (input.len != 0) {
		struct slice piece = slice_first(input, 1000);

		input = slice_from(input, piece.len);
		assert_false(frame_feed(&f, &piece));
		if (f.text.cap > *most)
			*most = f.text.cap;
	}
	input = S("\r\n");
	assert_true(frame_feed(&f, &input));
	*e = f.e;
	frame_fini(&f);
	free(line);
}

static void test_long_lines(void **state)
{
	struct err e;
	size_t most;

	(void)state;
	feed_long_line(LIMIT_LINE - 1, &most, &e); /* the CR is one more */
	assert_int_equal(e.code, ERR_OK);
	feed_long_line(LIMIT_LINE, &most, &e);
	assert_int_equal(e.code, ERR_SYNTAX);
	feed_long_line(10 << 20, &most, &e);
	assert_int_equal(e.code, ERR_SYNTAX);
	assert_true(most <= 4 * LIMIT_LINE);
}

/* LIMIT_COMMAND: literals, each of them small enough, that add up. */
static void test_long_command(void **state)
{
	struct frame_hooks hooks = { on_literal, on_go_ahead, on_octets, on_end,
		                     NULL };
	size_t size = LIMIT_LITERAL;
	char *octets = calloc(1, size);
	struct framer f;

	(void)state;
	frame_init(&f, &hooks);
	for (size_t i = 0; i < LIMIT_COMMAND / size + 2; i++) {
		struct slice head = S("{65536+}\r\n");
		struct slice body = { octets, size };

		assert_false(frame_feed(&f, &head));
		assert_false(frame_feed(&f, &body));
		assert_true(f.text.cap <= 2 * LIMIT_COMMAND);
	}
	assert_int_equal(f.e.code, ERR_LIMIT);
	frame_fini(&f);
	free(octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_long_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
