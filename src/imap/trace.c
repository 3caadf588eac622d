/* trace.c -- from chunks to lines, and what is left out of them. */
#include "imap/trace.h"

#include <string.h>

void trace_init(struct trace *t, const struct trace_sink *sink)
{
	*t = (struct trace){ .sink = sink,
		             .client = { .who = 'C' },
		             .server = { .who = 'S' } };
}

void trace_fini(struct trace *t)
{
	buf_free(&t->client.line);
	buf_free(&t->server.line);
}

/* -- the form -- */

static void add_printable(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < ' ' || c >= 127)
			buf_printf(out, "\\x%02x", c);
		else
			buf_byte(out, (char)c);
	}
}

static struct slice without_line_end(struct slice line)
{
	if (slice_ends(line, S("\n")))
		line.len--;
	if (slice_ends(line, S("\r")))
		line.len--;
	return line;
}

static void say(struct trace *t, struct slice session_id, struct buf *line)
{
	t->sink->line(t->sink->ctx, session_id, buf_slice(line));
	buf_free(line);
}

static void say_line(struct trace *t, const struct trace_way *w,
                     struct slice session_id)
{
	struct slice line = without_line_end(buf_slice(&w->line));
	size_t head = w->cut ? TRACE_LINE - TRACE_TAIL : line.len;
	struct buf out = { 0 };

	buf_printf(&out, "%c: ", w->who);
	add_printable(&out, slice_first(line, head));
	if (w->cut)
		buf_add(&out, S("..."));
	add_printable(&out, slice_from(line, head));
	say(t, session_id, &out);
}

static void say_literal(struct trace *t, const struct trace_way *w,
                        struct slice session_id)
{
	struct buf out = { 0 };

	buf_printf(&out, "# %llu octets", (unsigned long long)w->size);
	say(t, session_id, &out);
}

/* -- credentials -- */

/* The first n words of a command. */
static struct slice words(struct slice line, unsigned n)
{
	size_t at = 0;

	for (; n != 0; n--) {
		while (at < line.len && line.ptr[at] == ' ')
			at++;
		while (at < line.len && line.ptr[at] != ' ')
			at++;
	}
	return slice_first(line, at);
}

static bool has_credentials(struct slice command)
{
	struct slice head = words(command, 2);
	size_t space = slice_find_byte(head, ' ');
	struct slice name =
		space == SLICE_NONE ? S("") : slice_from(head, space + 1);

	return slice_ieq(name, S("LOGIN")) ||
	       slice_ieq(name, S("AUTHENTICATE"));
}

/* Tag and name; nothing of what goes on behind a literal. */
static void say_secret(struct trace *t, const struct trace_way *w,
                       struct slice session_id)
{
	struct slice head = words(buf_slice(&w->line), w->middle ? 0 : 2);
	struct buf out = { 0 };

	buf_printf(&out, "%c: ", w->who);
	add_printable(&out, head);
	buf_add(&out, S("..."));
	say(t, session_id, &out);
}

/* -- chunks -- */

/* "{n}", "{n+}" or "~{n}" at the end of a line. */
static bool announces_literal(struct slice line, uint64_t *size)
{
	size_t open = slice_rfind_byte(line, '{');
	struct slice digits;

	if (!slice_ends(line, S("}")) || open == SLICE_NONE)
		return false;
	digits = slice_of(line.ptr + open + 1, line.len - open - 2);
	if (slice_ends(digits, S("+")))
		digits.len--;
	return slice_number(digits, size);
}

static void next_line(struct trace_way *w)
{
	w->line.len = 0;
	w->cut = false;
}

static void end_line(struct trace *t, struct trace_way *w,
                     struct slice session_id)
{
	struct slice line = without_line_end(buf_slice(&w->line));

	if (!w->middle)
		w->secret = w->who == 'C' && has_credentials(line);
	if (w->secret)
		say_secret(t, w, session_id);
	else
		say_line(t, w, session_id);
	w->left = 0;
	w->middle = announces_literal(line, &w->left);
	w->size = w->left;
	next_line(w);
}

/* Up to and with the next line end, if there is one. */
static struct slice first_line(struct slice bytes)
{
	size_t end = slice_find_byte(bytes, '\n');

	return slice_first(bytes, end == SLICE_NONE ? bytes.len : end + 1);
}

/* The end of a line that is too long is kept: it may announce a literal. */
static void keep(struct trace_way *w, struct slice bytes)
{
	struct buf *line = &w->line;

	buf_add(line, bytes);
	if (line->len <= TRACE_LINE)
		return;
	memmove(line->data + TRACE_LINE - TRACE_TAIL,
	        line->data + line->len - TRACE_TAIL, TRACE_TAIL);
	line->len = TRACE_LINE;
	w->cut = true;
}

/* How many octets it took. */
static size_t feed_line(struct trace *t, struct trace_way *w,
                        struct slice session_id, struct slice bytes)
{
	struct slice line = first_line(bytes);

	keep(w, line);
	if (slice_ends(line, S("\n")))
		end_line(t, w, session_id);
	return line.len;
}

static size_t feed_literal(struct trace *t, struct trace_way *w,
                           struct slice session_id, struct slice bytes)
{
	bool shown = t->sink->text && !w->secret;
	struct slice some = slice_first(bytes, w->left);

	if (shown) {
		some = first_line(some);
		keep(w, some);
	}
	w->left -= some.len;
	if (shown && (slice_ends(some, S("\n")) || w->left == 0)) {
		say_line(t, w, session_id);
		next_line(w);
	}
	if (!shown && w->left == 0)
		say_literal(t, w, session_id);
	return some.len;
}

void trace_feed(struct trace *t, struct trace_way *w, struct slice session_id,
                struct slice bytes)
{
	while (bytes.len != 0)
		bytes = slice_from(
			bytes, w->left != 0
				       ? feed_literal(t, w, session_id, bytes)
				       : feed_line(t, w, session_id, bytes));
}
