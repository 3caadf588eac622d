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

/* How long a quoted string is, from behind its first quote; all that there is
 * if the last one is missing. */
static size_t quoted_len(struct slice text)
{
	size_t at = 0;

	while (at < text.len && text.ptr[at] != '"')
		at += text.ptr[at] == '\\' ? 2 : 1;
	return at < text.len ? at : text.len;
}

/* What PREVIEW shows is text of the message, too, and needs no literal. False
 * when it goes on behind the end. */
static bool add_without_preview(struct buf *out, struct slice text)
{
	struct slice item = S("PREVIEW \"");
	size_t at = slice_find(text, item);

	while (at != SLICE_NONE) {
		at += item.len;
		add_printable(out, slice_first(text, at));
		text = slice_from(text, at);
		at = quoted_len(text);
		buf_add(out, at != 0 ? S("...") : S(""));
		text = slice_from(text, at);
		if (text.len == 0)
			return false;
		at = slice_find(text, item);
	}
	add_printable(out, text);
	return true;
}

/* What answered AUTHENTICATE unasked the server takes for a tag, and says
 * back. */
static size_t secret_tag(const struct trace *t, const struct trace_way *w,
                         struct slice line)
{
	size_t tag = slice_find_byte(line, ' ');

	if (w->who != 'S' || !t->answered || tag == SLICE_NONE ||
	    !slice_starts(slice_from(line, tag), S(" BAD ")))
		return 0;
	return tag;
}

static void say_line(struct trace *t, const struct trace_way *w,
                     struct slice session_id)
{
	struct slice line = without_line_end(buf_slice(&w->line));
	struct slice head =
		w->cut ? slice_first(line, TRACE_LINE - TRACE_TAIL) : line;
	size_t tag = secret_tag(t, w, head);
	bool with_tail = true;
	struct buf out = { 0 };

	buf_printf(&out, "%c: %s", w->who, tag != 0 ? "..." : "");
	line = slice_from(line, tag);
	head = slice_from(head, tag);
	if (t->sink->text)
		add_printable(&out, head);
	else
		with_tail = add_without_preview(&out, head);
	if (w->cut)
		buf_add(&out, S("..."));
	if (with_tail)
		add_printable(&out, slice_from(line, head.len));
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

static bool is_log_in(struct slice word)
{
	return slice_ieq(word, S("LOGIN")) ||
	       slice_ieq(word, S("AUTHENTICATE"));
}

/* Up to and with LOGIN or AUTHENTICATE; empty if it is neither. The tag in
 * front may be missing: who errs has typed a password all the same. */
static struct slice log_in_head(struct slice command)
{
	struct slice head = S("");

	for (unsigned n = 1; n <= 2; n++) {
		struct slice to = words(command, n);
		size_t space = slice_rfind_byte(to, ' ');

		if (is_log_in(slice_from(to,
		                         space == SLICE_NONE ? 0 : space + 1)))
			head = to;
	}
	return head;
}

/* Behind AUTHENTICATE, asked for or not: what no command looks like. */
static bool is_answer(struct slice line)
{
	return slice_find_byte(line, ' ') == SLICE_NONE;
}

static bool has_credentials(const struct trace_way *w, struct slice line)
{
	return w->who == 'C' &&
	       (log_in_head(line).len != 0 || (w->secret && is_answer(line)));
}

/* Tag and name; nothing of what goes on behind a literal. */
static void say_secret(struct trace *t, const struct trace_way *w,
                       struct slice session_id)
{
	struct slice line = without_line_end(buf_slice(&w->line));
	struct slice head = w->middle ? S("") : log_in_head(line);
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

	if (!w->middle) {
		w->secret = has_credentials(w, line);
		t->answered |= w->secret && is_answer(line);
	}
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
