/*
 * text.c -- see text.h.
 *
 *	bytes -> transfer encoding -> bytes -> charset -> utf8 -> fold
 *
 * Between two stages stands a buf of what the next one can't use yet: an
 * unfinished character, text that a combining mark may still change. Where
 * a feed was cut makes no difference to what comes out.
 */
#include "mime/text.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "mime/charset.h"
#include "mime/transfer.h"

enum {
	BLOCK = 4096,    /* input taken through all stages at a time */
	FOLD_RUN = 4096, /* octets without US-ASCII that are folded together */
};

struct text_decoder {
	enum part_encoding encoding;
	enum text_form form;
	struct base64_state base64;
	struct qp_state qp;
	struct converter converter;
	struct buf bytes; /* in the charset */
	struct buf utf8;  /* not yet folded */
};

struct text_decoder *text_decoder_new(enum part_encoding encoding,
                                      const char *charset, enum text_form form)
{
	struct text_decoder *d = mem_new(1, sizeof *d);
	struct charset found = { 0 };

	d->encoding = encoding;
	d->form = form;
	if (form == TEXT_RAW)
		return d;
	if (charset[0] != '\0' && !charset_find(slice_cstr(charset), &found))
		found.kind = CHARSET_GUESS;
	d->converter = converter_open(found);
	return d;
}

static void decoder_free(struct text_decoder *d)
{
	converter_close(&d->converter);
	buf_free(&d->bytes);
	buf_free(&d->utf8);
	free(d);
}

static void undo_transfer(struct text_decoder *d, struct slice s,
                          struct buf *out)
{
	switch (d->encoding) {
	case ENCODING_BASE64:
		base64_lenient(&d->base64, s, out);
		break;
	case ENCODING_QUOTED_PRINTABLE:
		qp_decode(&d->qp, s, out);
		break;
	case ENCODING_IDENTITY:
	case ENCODING_UNKNOWN:
		buf_add(out, s);
		break;
	}
}

/* How far text can be folded whatever follows: up to the last US-ASCII
 * character, which the next may change. */
static size_t foldable_len(struct slice s)
{
	size_t n = s.len;

	while (n > 1 && ascii_is_8bit(s.ptr[n - 1]))
		n--;
	if (n > 1)
		return n - 1;
	if (s.len < FOLD_RUN + 4)
		return 0;
	/* nobody writes so much without a line end: cut it anywhere */
	return utf8_cut(s, FOLD_RUN).len;
}

static void fold_ready(struct text_decoder *d, struct buf *out)
{
	size_t n;

	while ((n = foldable_len(buf_slice(&d->utf8))) != 0) {
		unicode_fold(slice_first(buf_slice(&d->utf8), n), out);
		buf_drop(&d->utf8, n);
	}
}

/* Takes what there is of bytes through charset and folding. */
static void convert(struct text_decoder *d, bool last, struct buf *out)
{
	struct buf *to = d->form == TEXT_FOLDED ? &d->utf8 : out;
	size_t n = converter_run(&d->converter, buf_slice(&d->bytes), last, to);

	buf_drop(&d->bytes, n);
	if (d->form == TEXT_FOLDED)
		fold_ready(d, out);
}

/* US-ASCII without a transfer encoding, at a place where nothing is held
 * back but perhaps one US-ASCII character: most mail, most of the time. */
static bool feed_plain(struct text_decoder *d, struct slice s, struct buf *out)
{
	if (d->encoding != ENCODING_IDENTITY || d->form != TEXT_FOLDED ||
	    d->converter.kind == CHARSET_ICONV || d->bytes.len != 0 ||
	    d->utf8.len > 1 || utf8_ascii_prefix(s) != s.len)
		return false;
	unicode_fold(buf_slice(&d->utf8), out);
	d->utf8.len = 0;
	unicode_fold(slice_first(s, s.len - 1), out);
	buf_byte(&d->utf8, s.ptr[s.len - 1]);
	return true;
}

void text_decoder_feed(struct text_decoder *d, struct slice s, struct buf *out)
{
	if (d->form == TEXT_RAW) {
		undo_transfer(d, s, out);
		return;
	}
	for (; s.len != 0; s = slice_from(s, BLOCK)) {
		struct slice block = slice_first(s, BLOCK);

		if (feed_plain(d, block, out))
			continue;
		undo_transfer(d, block, &d->bytes);
		convert(d, false, out);
	}
}

void text_decoder_finish(struct text_decoder *d, struct buf *out)
{
	struct buf *to = d->form == TEXT_RAW ? out : &d->bytes;

	if (d->encoding == ENCODING_QUOTED_PRINTABLE)
		qp_end(&d->qp, to);
	if (d->form != TEXT_RAW)
		convert(d, true, out);
	if (d->form == TEXT_FOLDED)
		unicode_fold(buf_slice(&d->utf8), out);
	decoder_free(d);
}
