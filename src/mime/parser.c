/*
 * parser.c -- bytes to lines.
 *
 *	            feed
 *	   whole lines |  rest of the last one
 *	               v
 *	body: counted   header, or may be a delimiter: held
 *	                else: counted, mid_line
 *
 * A line is looked at when it is complete, or when LINE_MOST octets of it
 * are there: so where a feed was cut makes no difference. In bodies only
 * lines that begin with "-" are looked at, and only within a multipart.
 */
#include "mime/builder.h"

/* Counts the line end of s, which a line ends with unless the message ends
 * without one. */
static void count_line_end(struct digest_builder *b, struct slice s)
{
	if (!slice_ends(s, S("\n")))
		return;
	b->newlines++;
	b->eol = s.len > 1 ? 1 + (s.ptr[s.len - 2] == '\r') : 1 + b->after_cr;
}

static void advance(struct digest_builder *b, struct slice s, bool ends)
{
	b->offset += (uint32_t)s.len;
	if (ends)
		count_line_end(b, s);
	b->after_cr = slice_ends(s, S("\r"));
	b->mid_line = !ends;
}

static bool is_empty_line(struct slice s)
{
	return slice_eq(s, S("\r\n")) || slice_eq(s, S("\n"));
}

static void header_line(struct digest_builder *b, struct slice s)
{
	if (is_empty_line(s)) {
		structure_begin_body(b);
	} else if (s.ptr[0] == ' ' || s.ptr[0] == '\t') {
		collect_more(b, s);
	} else {
		collect_end(b);
		collect_field(b, s);
	}
}

static bool may_be_delimiter(const struct digest_builder *b, struct slice s)
{
	return b->boundaries != 0 && slice_starts(s, S("--"));
}

/* A line from its start; complete when `ends`. */
static void take_line(struct digest_builder *b, struct slice s, bool ends)
{
	bool in_header = b->in_header;
	enum delimiter what = DELIMITER_NONE;

	if (ends && may_be_delimiter(b, s))
		what = structure_delimiter(b, s);
	advance(b, s, ends);
	if (what == DELIMITER_PART)
		structure_open_part(b);
	else if (what == DELIMITER_NONE && in_header)
		header_line(b, s);
	else if (what == DELIMITER_NONE)
		preview_feed(&b->preview, s);
}

/* More of a line whose start has been dealt with. */
static void take_more(struct digest_builder *b, struct slice s, bool ends)
{
	if (b->in_header)
		collect_more(b, s);
	else
		preview_feed(&b->preview, s);
	advance(b, s, ends);
}

/* -- cutting at line ends -- */

/* Length of the line at the start of s, with its end; 0: not complete. */
static size_t line_len(struct slice s)
{
	size_t n = slice_find_byte(s, '\n');

	return n == SLICE_NONE ? 0 : n + 1;
}

/* As much of the line as there is, as far as it must be held. */
static size_t feed_held(struct digest_builder *b, struct slice s)
{
	size_t n = line_len(s);
	size_t room = LINE_MOST - b->held_len;
	bool ends = n != 0 && n <= room;
	struct slice more = slice_first(s, n != 0 && n < room ? n : room);

	memcpy(b->held + b->held_len, more.ptr, more.len);
	b->held_len += more.len;
	if (ends || b->held_len == LINE_MOST) {
		struct slice line = slice_of(b->held, b->held_len);

		b->held_len = 0;
		take_line(b, line, ends);
	}
	return more.len;
}

static size_t feed_middle(struct digest_builder *b, struct slice s)
{
	size_t n = line_len(s);
	struct slice more = n != 0 ? slice_first(s, n) : s;

	take_more(b, more, n != 0);
	return more.len;
}

/*
 * The whole lines at the start of a body's s, up to the first that may be
 * a delimiter. This is where most of a message passes.
 */
static size_t feed_body(struct digest_builder *b, struct slice s)
{
	const char *p = s.ptr;
	const char *end = s.ptr + s.len;
	uint32_t lines = 0;
	struct slice whole;

	while (p < end && (*p != '-' || b->boundaries == 0)) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL)
			break;
		lines++;
		p = lf + 1;
	}
	if (lines == 0)
		return 0;
	whole = slice_of(s.ptr, (size_t)(p - s.ptr));
	b->newlines += lines - 1;
	preview_feed(&b->preview, whole);
	advance(b, whole, true);
	return whole.len;
}

/* A line at its start, not held: taken whole, else held if it may matter. */
static size_t feed_line(struct digest_builder *b, struct slice s)
{
	size_t n = line_len(s);

	if (n != 0 && n <= LINE_MOST) {
		take_line(b, slice_first(s, n), true);
		return n;
	}
	if (b->in_header || (s.ptr[0] == '-' && b->boundaries != 0))
		return feed_held(b, s);
	take_line(b, s, false);
	return s.len;
}

static size_t feed_some(struct digest_builder *b, struct slice s)
{
	size_t n = 0;

	if (b->held_len != 0)
		return feed_held(b, s);
	if (b->mid_line)
		return feed_middle(b, s);
	if (!b->in_header)
		n = feed_body(b, s);
	return n != 0 ? n : feed_line(b, s);
}

void digest_builder_feed(struct digest_builder *b, struct slice s)
{
	uint32_t room = UINT32_MAX - b->offset - (uint32_t)b->held_len;

	if (s.len > room) {
		b->budget.cut = true;
		s = slice_first(s, room);
	}
	if (!(b->flags & DIGEST_HAS_NUL) && slice_find_byte(s, 0) != SLICE_NONE)
		b->flags |= DIGEST_HAS_NUL;
	while (s.len != 0)
		s = slice_from(s, feed_some(b, s));
}

void parser_finish(struct digest_builder *b)
{
	if (b->held_len != 0)
		take_line(b, slice_of(b->held, b->held_len), true);
	structure_finish(b);
}
