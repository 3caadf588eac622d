/* wire.c -- see wire.h. */
#include "mime/wire.h"

#include "base/ascii.h"
#include "mime/encoded_word.h"
#include "mime/transfer.h"

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	}
	return true;
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE, without the quotes */
static void add_escaped(struct slice s, struct buf *out)
{
	char *p = buf_room(out, s.len * 2);
	size_t n = 0;

	if (p == NULL)
		return;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			p[n++] = '\\';
		p[n++] = s.ptr[i];
	}
	out->len += n;
}

/* Length of the prefix that ends at a space or at the end. */
static size_t word_len(struct slice s)
{
	size_t n = slice_find_byte(s, ' ');

	return n == SLICE_NONE ? s.len : n;
}

/* Length of the words at the start that must be encoded, together with the
 * spaces between them (which vanish between encoded words). */
static size_t foreign_len(struct slice s)
{
	size_t at = 0;
	size_t foreign = 0;

	while (at < s.len) {
		size_t n = word_len(slice_from(s, at));

		if (n != 0 && is_plain(slice_of(s.ptr + at, n)))
			break;
		at += n;
		if (n != 0)
			foreign = at;
		at += at < s.len;
	}
	return foreign;
}

/* Words that are plain stay as they are: they may be encoded words. */
static void add_mixed(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t n = s.ptr[0] == ' ' ? 0 : foreign_len(s);

		if (n != 0) {
			words_encode(slice_first(s, n), out);
		} else {
			n = word_len(s);
			n += n == 0;
			add_escaped(slice_first(s, n), out);
		}
		s = slice_from(s, n);
	}
}

void wire_string(struct slice s, struct buf *out)
{
	buf_byte(out, '"');
	if (is_plain(s))
		add_escaped(s, out);
	else
		add_mixed(s, out);
	buf_byte(out, '"');
}

void wire_lower(struct slice s, struct buf *out)
{
	size_t start = out->len;

	wire_string(s, out);
	for (size_t i = start; i < out->len; i++)
		out->data[i] = ascii_lower(out->data[i]);
}

void wire_nstring(bool present, struct slice s, struct buf *out)
{
	if (present)
		wire_string(s, out);
	else
		buf_add(out, S("NIL"));
}

/* -- back to UTF-8 -- */

static const struct slice word_start = N("=?utf-8?b?");

/* The encoded words at the start, with one space between them, and what they
 * say. */
static struct slice take_words(struct slice s, struct buf *text)
{
	size_t len = 0;
	size_t at = 0;

	while (slice_starts(slice_from(s, at), word_start)) {
		struct slice digits = slice_from(s, at + word_start.len);
		size_t n = slice_find_byte(digits, '?');
		struct base64_state state = { 0 };

		if (n == SLICE_NONE ||
		    !slice_starts(slice_from(digits, n), S("?=")))
			break;
		base64_lenient(&state, slice_first(digits, n), text);
		len = at + word_start.len + n + 2;
		if (len == s.len || s.ptr[len] != ' ')
			break;
		at = len + 1;
	}
	return slice_first(s, len);
}

/* Whether wire_string() has made these words of this text, which may stand in a
 * quoted string and looks like no encoded word itself. */
static bool is_ours(struct slice words, struct slice text)
{
	struct buf again = { 0 };
	bool ours = words.len != 0 && slice_find(text, S("=?")) == SLICE_NONE;

	for (size_t i = 0; i < text.len; i++)
		ours = ours && !ascii_is_ctl(text.ptr[i]);
	if (ours)
		words_encode(text, &again);
	ours = ours && slice_eq(buf_slice(&again), words);
	buf_free(&again);
	return ours;
}

/* Appends the words at the start of s in the one form or the other; how long
 * they are. */
static size_t add_words(struct slice s, struct buf *out)
{
	struct buf text = { 0 };
	struct slice words = take_words(s, &text);
	struct slice rest = slice_from(s, words.len);
	bool ends = slice_starts(rest, S(" ")) || slice_starts(rest, S("\""));

	if (ends && is_ours(words, buf_slice(&text)))
		add_escaped(buf_slice(&text), out);
	else if (words.len != 0)
		buf_add(out, words);
	else
		buf_add(out, word_start);
	buf_free(&text);
	return words.len != 0 ? words.len : word_start.len;
}

void wire_utf8(struct slice form, struct buf *out)
{
	size_t at;

	while ((at = slice_find(form, word_start)) != SLICE_NONE) {
		buf_add(out, slice_first(form, at));
		form = slice_from(form, at);
		form = slice_from(form, add_words(form, out));
	}
	buf_add(out, form);
}
