/*
 * encoded_word.c -- see encoded_word.h.
 *
 * The value is walked once, from "=?" to "=?"; looking for a word's end is
 * bounded by ENCODED_WORD_MOST, so the time is linear.
 */
#include "mime/encoded_word.h"

#include "base/ascii.h"
#include "base/encode.h"
#include "base/unicode.h"
#include "mime/field.h"
#include "mime/transfer.h"

struct encoded_word {
	struct slice charset;
	struct slice text;
	bool base64;
	size_t len; /* of the whole word */
};

void word_decoder_fini(struct word_decoder *w)
{
	converter_close(&w->converter);
	buf_free(&w->bytes);
}

/* encoded-word = "=?" charset ["*" language] "?" encoding "?" text "?=" */
static bool parse_word(struct slice s, struct encoded_word *w)
{
	struct slice rest = slice_from(slice_first(s, ENCODED_WORD_MOST), 2);
	struct slice encoding, language;
	size_t end;

	if (!slice_cut(rest, '?', &w->charset, &rest) ||
	    !slice_cut(rest, '?', &encoding, &rest))
		return false;
	end = slice_find(rest, S("?="));
	if (end == SLICE_NONE || w->charset.len == 0 || encoding.len != 1)
		return false;
	slice_cut(w->charset, '*', &w->charset, &language);
	w->base64 = ascii_lower(encoding.ptr[0]) == 'b';
	if (!w->base64 && ascii_lower(encoding.ptr[0]) != 'q')
		return false;
	w->text = slice_first(rest, end);
	w->len = (size_t)(w->text.ptr + w->text.len + 2 - s.ptr);
	return true;
}

size_t encoded_word_len(struct slice s)
{
	struct encoded_word w;

	return slice_starts(s, S("=?")) && parse_word(s, &w) ? w.len : 0;
}

/* Converts what the words so far have left. */
static void flush_bytes(struct word_decoder *w, struct buf *out)
{
	converter_run(&w->converter, buf_slice(&w->bytes), true, out);
	w->bytes.len = 0;
}

static void use_charset(struct word_decoder *w, struct slice name,
                        struct buf *out)
{
	struct charset charset;

	if (slice_ieq(name, slice_of(w->charset, w->charset_len)))
		return;
	flush_bytes(w, out);
	converter_close(&w->converter);
	name = slice_first(name, sizeof w->charset);
	memcpy(w->charset, name.ptr, name.len);
	w->charset_len = name.len;
	charset_find(name, &charset);
	if (charset.kind == CHARSET_ICONV && w->opens++ >= WORD_DECODER_OPENS)
		charset.kind = CHARSET_GUESS;
	w->converter = converter_open(charset);
}

static void add_word(struct word_decoder *w, const struct encoded_word *word,
                     struct buf *out)
{
	struct base64_state state = { 0 };

	use_charset(w, word->charset, out);
	if (word->base64)
		base64_lenient(&state, word->text, &w->bytes);
	else
		q_decode(word->text, &w->bytes);
}

static void add_plain(struct slice s, struct buf *out)
{
	struct converter guess = { 0 };

	converter_run(&guess, s, true, out);
}

static bool is_blank(struct slice s)
{
	return slice_trim(s).len == 0;
}

/* An unfolded value: plain text and words in turn. */
static void decode_line(struct word_decoder *w, struct slice s, struct buf *out)
{
	size_t plain = 0; /* how much plain text stands before the next word */
	bool after_word = false;

	for (;;) {
		struct encoded_word word;
		size_t at = slice_find(slice_from(s, plain), S("=?"));

		if (at == SLICE_NONE)
			break;
		plain += at;
		if (!parse_word(slice_from(s, plain), &word)) {
			plain += 2;
			continue;
		}
		if (!after_word || !is_blank(slice_first(s, plain))) {
			flush_bytes(w, out);
			add_plain(slice_first(s, plain), out);
		}
		add_word(w, &word, out);
		s = slice_from(s, plain + word.len);
		plain = 0;
		after_word = true;
	}
	flush_bytes(w, out);
	add_plain(s, out);
}

void words_decode(struct word_decoder *w, struct slice value, struct buf *out)
{
	struct buf line = { 0 };

	field_unfold(value, &line);
	decode_line(w, buf_slice(&line), out);
	buf_free(&line);
}

/* -- encoding -- */

/* How much of s goes in one word: at most `most`, no character cut. */
static size_t word_share(struct slice s, size_t most, bool utf8)
{
	return utf8 ? utf8_cut(s, most).len : slice_first(s, most).len;
}

void words_encode(struct slice s, struct buf *out)
{
	bool utf8 = utf8_is_valid(s);
	struct slice start = utf8 ? S("=?utf-8?b?") : S("=?iso-8859-1?b?");

	while (s.len != 0) {
		/* 42 octets are 56 digits; 75 is a word's most */
		size_t n = word_share(s, 42, utf8);

		buf_add(out, start);
		base64_encode(slice_first(s, n), out);
		buf_add(out, S("?="));
		s = slice_from(s, n);
		if (s.len != 0)
			buf_byte(out, ' ');
	}
}
