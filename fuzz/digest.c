/*
 * digest.c -- every sequence of bytes has a digest that holds together:
 * it opens, its sections lie within the message, its wire forms are balanced
 * lists of legal strings, and cutting the message makes no difference.
 */
#include <stdint.h>
#include <stdlib.h>

#include "mime/digest_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_section(const struct digest *d, const uint32_t *path,
                          size_t n)
{
	for (enum section_text t = SECTION_ALL; t <= SECTION_MIME; t++) {
		struct span span;

		if (!digest_section(d, path, n, t, &span))
			continue;
		require(span.offset <= d->size);
		require(span.len <= d->size - span.offset);
	}
}

/* HEADER and TEXT are all there is, RFC 9051 section 6.4.5.1. */
static void check_whole(const struct digest *d)
{
	struct span header, text;

	require(digest_section(d, NULL, 0, SECTION_HEADER, &header));
	require(digest_section(d, NULL, 0, SECTION_TEXT, &text));
	require(header.offset == 0 && text.offset == header.len);
	require(header.len + text.len == d->size);
}

static void check_digest(struct slice raw, size_t size)
{
	struct digest d;

	require(is_ok(digest_check(raw, size)));
	require(is_ok(digest_open(raw, &d)));
	check_whole(&d);
	for (uint32_t i = 0; i < 64; i++) {
		const uint32_t path[] = { i % 4, i / 4 % 4, i / 16 };

		check_section(&d, path, 1 + i % 3);
	}
}

static struct buf make_cut(struct slice message, size_t chunk)
{
	struct digest_builder *b = digest_builder_new();
	struct buf out = { 0 };

	for (; message.len != 0; message = slice_from(message, chunk))
		digest_builder_feed(b, slice_first(message, chunk));
	digest_builder_finish(b, &out);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_of(data, size);
	struct buf whole = make_cut(message, size + 1);
	struct buf cut = make_cut(message, 1 + size % 7);

	require(slice_eq(buf_slice(&whole), buf_slice(&cut)));
	check_digest(buf_slice(&whole), size);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
