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

static struct slice first_word(struct slice s)
{
	return slice_first(s, word_len(s));
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

static size_t spaces_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] == ' ')
		n++;
	return n;
}

static bool is_encoded(struct slice word)
{
	return word.len != 0 && encoded_word_len(word) == word.len;
}

/* Behind `spaces` n octets that must be encoded; how long all of it is. */
static size_t add_foreign(struct slice s, size_t spaces, size_t n, bool behind,
                          struct buf *out)
{
	struct slice rest = slice_from(s, spaces + n);
	size_t gap = spaces_len(rest);
	size_t end;

	if (!is_encoded(first_word(slice_from(rest, gap))))
		gap = 0;
	end = spaces + n + gap;
	add_escaped(slice_first(s, behind ? 1 : spaces), out);
	words_encode(slice_from(slice_first(s, end), behind ? 0 : spaces), out);
	if (gap != 0)
		buf_byte(out, ' ');
	return end;
}

/*
 * Words that are plain stay as they are: they may be encoded words. Between
 * those and ours spaces would vanish, so they are encoded, too, and one more
 * stands outside. RFC 2047 section 6.2
 */
static void add_mixed(struct slice s, struct buf *out)
{
	bool behind = false; /* an encoded word that was there */

	while (s.len != 0) {
		size_t spaces = spaces_len(s);
		struct slice word = slice_from(s, spaces);
		size_t n = foreign_len(word);

		if (n == 0) {
			n = spaces + word_len(word);
			behind = is_encoded(first_word(word));
			add_escaped(slice_first(s, n), out);
		} else {
			n = add_foreign(s, spaces, n, behind, out);
			behind = false;
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

/* Where the word at the start of a quoted string's form ends. */
static bool ends_word(char c)
{
	return c == ' ' || c == '"';
}

/* The spaces at the end of s, if an encoded word is before them. */
static size_t gap_before(struct slice s)
{
	size_t end = s.len;
	size_t at;

	while (end != 0 && s.ptr[end - 1] == ' ')
		end--;
	if (end == s.len)
		return 0;
	at = end;
	while (at != 0 && !ends_word(s.ptr[at - 1]))
		at--;
	return is_encoded(slice_of(s.ptr + at, end - at)) ? s.len - end : 0;
}

/* The same behind. */
static size_t gap_behind(struct slice s)
{
	size_t at = spaces_len(s);
	size_t end = at;

	if (at == 0)
		return 0;
	while (end < s.len && !ends_word(s.ptr[end]))
		end++;
	return is_encoded(slice_of(s.ptr + at, end - at)) ? at : 0;
}

/*
 * Whether text that has stood in encoded words may stand there as it is: then
 * spaces count that did not between encoded words, so it must have them itself.
 */
static bool may_stand(struct slice text, bool before, bool behind)
{
	return slice_trim(text).len != 0 && (!before || text.ptr[0] == ' ') &&
	       (!behind || text.ptr[text.len - 1] == ' ');
}

/* Appends the words at the start of s in the one form or the other; how long
 * they are. */
static size_t add_words(struct slice s, struct buf *out)
{
	struct buf text = { 0 };
	struct slice words = take_words(s, &text);
	struct slice rest = slice_from(s, words.len);
	bool ends = rest.len != 0 && ends_word(rest.ptr[0]);
	size_t before = gap_before(buf_slice(out));
	size_t behind = gap_behind(rest);
	size_t len = words.len;

	if (ends && is_ours(words, buf_slice(&text)) &&
	    may_stand(buf_slice(&text), before != 0, behind != 0)) {
		out->len -= before;
		add_escaped(buf_slice(&text), out);
		len += behind;
	} else if (words.len != 0) {
		buf_add(out, words);
	} else {
		buf_add(out, word_start);
		len = word_start.len;
	}
	buf_free(&text);
	return len;
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
