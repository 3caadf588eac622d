/* frame.c -- lines, literals, and getting back in step after an error. */
#include "imap/frame.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/limits.h"

enum {
	KEPT = 128, /* of a bad command, at most, for its tag */
	TAIL = 32,  /* of its line, for "{18446744073709551615+}" CR */
};

void frame_init(struct framer *f, const struct frame_hooks *hooks)
{
	*f = (struct framer){ .hooks = hooks };
}

void frame_fini(struct framer *f)
{
	buf_free(&f->text);
}

void frame_next(struct framer *f)
{
	frame_fini(f);
	frame_init(f, f->hooks);
}

bool frame_is_idle(const struct framer *f)
{
	return f->state == FRAME_LINE && f->text.len == 0;
}

/* Of the text its tag stays, to be answered. */
static void frame_fail(struct framer *f, struct err e)
{
	struct slice head = slice_first(buf_slice(&f->text), KEPT);
	size_t space = slice_find_byte(head, ' ');

	if (!is_ok(f->e))
		return;
	f->e = e;
	f->kept = space != SLICE_NONE ? space + 1 : head.len;
}

/* Of a bad command's line only the end matters: it may say {n+}. */
static void forget_middle(struct framer *f)
{
	size_t tail = f->text.len - f->kept;

	if (tail <= TAIL)
		return;
	memmove(f->text.data + f->kept, f->text.data + f->text.len - TAIL,
	        TAIL);
	f->text.len = f->kept + TAIL;
	if (f->line_start > f->kept)
		f->line_start = f->kept;
}

static void add_to_line(struct framer *f, struct slice bytes)
{
	f->line += bytes.len;
	buf_add(&f->text, bytes);
	if (slice_find_byte(bytes, '\0') != SLICE_NONE)
		frame_fail(f, err(ERR_SYNTAX, "NUL in a command"));
	if (f->line > LIMIT_LINE || f->text.len > LIMIT_COMMAND)
		frame_fail(f, err(ERR_SYNTAX, "command is too long"));
	if (!is_ok(f->e))
		forget_middle(f);
}

/* Does the line end in "{n}", "{n+}", "~{n}" or "~{n+}"? *start is where. */
static bool announces_literal(const struct framer *f, size_t *start,
                              struct frame_literal *l)
{
	size_t from = f->line_start;
	struct slice line;
	struct slice digits;
	size_t open;

	if (!is_ok(f->e) && from < f->kept)
		from = f->kept;
	if (f->text.len > from + TAIL)
		from = f->text.len - TAIL;
	line = slice_from(buf_slice(&f->text), from);
	open = slice_rfind_byte(line, '{');
	if (!slice_ends(line, S("}")) || open == SLICE_NONE)
		return false;
	digits = slice_of(line.ptr + open + 1, line.len - open - 2);
	l->sync = !slice_ends(digits, S("+"));
	if (!l->sync)
		digits.len--;
	l->literal8 = open > 0 && line.ptr[open - 1] == '~';
	*start = from + open - l->literal8;
	if (slice_number(digits, &l->size))
		return true;
	/* a number that does not fit is as good as endless */
	l->size = UINT64_MAX;
	for (size_t i = 0; i < digits.len; i++)
		if (!ascii_is_digit(digits.ptr[i]))
			return false;
	return digits.len != 0;
}

/* What can be said about any literal, before the hook says more. */
static struct err check_text_literal(const struct framer *f,
                                     const struct frame_literal *l,
                                     enum frame_sink sink)
{
	if (l->literal8 && sink != FRAME_TEXT8)
		return err(ERR_SYNTAX, "literal8 is not allowed here");
	if (l->size > LIMIT_LITERAL)
		return err(ERR_LIMIT, "literal is too large");
	if (f->text.len + l->size > LIMIT_COMMAND)
		return err(ERR_LIMIT, "command is too large");
	return OK;
}

/* In the text: the literal with its head, as the client sent it. */
static void begin_text(struct framer *f)
{
	buf_add(&f->text, S("\r\n"));
	f->state = FRAME_IN_TEXT;
}

/* In the text: one NUL for the whole literal. */
static void begin_stream(struct framer *f, size_t start)
{
	f->text.len = start;
	buf_byte(&f->text, '\0');
	f->state = FRAME_IN_STREAM;
}

/*
 * The line announces a literal. Returns true when the command ends here: a
 * refused synchronising literal is not sent by the client.
 */
static bool begin_literal(struct framer *f, size_t start,
                          struct frame_literal *l)
{
	enum frame_sink sink = FRAME_TEXT;

	l->text = slice_first(buf_slice(&f->text), start);
	if (is_ok(f->e)) {
		struct err e = f->hooks->literal(f->hooks->ctx, l, &sink);

		if (is_ok(e) && sink != FRAME_STREAM)
			e = check_text_literal(f, l, sink);
		if (!is_ok(e)) {
			f->text.len = start;
			frame_fail(f, e);
		}
	}
	f->left = l->size;
	if (!is_ok(f->e)) {
		f->text.len = f->kept;
		f->state = FRAME_SKIP;
		return l->sync;
	}
	if (sink == FRAME_STREAM)
		begin_stream(f, start);
	else
		begin_text(f);
	if (l->sync)
		f->hooks->go_ahead(f->hooks->ctx);
	return false;
}

/* The line is complete, without its line end; true: so is the command. */
static bool end_line(struct framer *f)
{
	struct frame_literal l;
	size_t start;

	if (f->text.len > f->line_start &&
	    f->text.data[f->text.len - 1] == '\r')
		f->text.len--;
	if (announces_literal(f, &start, &l))
		return begin_literal(f, start, &l);
	if (!is_ok(f->e) && f->text.len > f->kept)
		f->text.len = f->kept;
	return true;
}

static bool feed_line(struct framer *f, struct slice *input)
{
	size_t lf = slice_find_byte(*input, '\n');
	size_t n = lf != SLICE_NONE ? lf : input->len;

	/* the line is looked at in pieces, so that a bad one is noticed, and
	 * forgotten, while it arrives */
	if (n > LIMIT_LINE)
		n = LIMIT_LINE;
	add_to_line(f, slice_first(*input, n));
	*input = slice_from(*input, n);
	if (n != lf)
		return false;
	*input = slice_from(*input, 1);
	return end_line(f);
}

static void feed_stream(struct framer *f, struct slice octets)
{
	struct err e = f->hooks->octets(f->hooks->ctx, octets);

	if (is_ok(e) && f->left == 0)
		e = f->hooks->end(f->hooks->ctx);
	if (is_ok(e))
		return;
	frame_fail(f, e);
	f->text.len = f->kept;
	f->state = FRAME_SKIP;
}

static void feed_literal(struct framer *f, struct slice *input)
{
	struct slice octets = slice_first(*input, f->left);

	*input = slice_from(*input, octets.len);
	f->left -= octets.len;
	if (f->state == FRAME_IN_TEXT)
		buf_add(&f->text, octets);
	if (f->state == FRAME_IN_STREAM)
		feed_stream(f, octets);
	if (f->left != 0)
		return;
	f->state = FRAME_LINE;
	f->line_start = f->text.len;
}

bool frame_feed(struct framer *f, struct slice *input)
{
	assert(f->hooks != NULL);
	/* a literal of no octets is complete before any byte comes */
	do {
		if (f->state != FRAME_LINE)
			feed_literal(f, input);
		else if (input->len != 0 && feed_line(f, input))
			return true;
	} while (input->len != 0 || (f->state != FRAME_LINE && f->left == 0));
	return false;
}
