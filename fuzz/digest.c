/*
 * digest.c -- every sequence of bytes has a digest that holds together:
 * it opens, its sections lie within the message, its wire forms are lists of
 * legal strings, in UTF-8 too, BODYSTRUCTURE describes each part, and cutting
 * the message makes no difference, neither to the digest nor to a search.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "mime/digest_check.h"
#include "mime/search.h"
#include "mime/wire.h"
#include "parts.h"

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

/* What is sent to whoever reads UTF-8 is UTF-8, and ends no line. */
static void check_utf8(struct slice form)
{
	struct buf out = { 0 };

	wire_utf8(form, &out);
	require(utf8_is_valid(buf_slice(&out)));
	for (size_t i = 0; i < out.len; i++)
		require((uint8_t)out.data[i] >= ' ');
	buf_free(&out);
}

struct reading {
	struct slice message;
	uint32_t most; /* octets at once */
};

static struct err read_some(void *context, uint32_t offset, uint32_t len,
                            struct slice *out)
{
	const struct reading *r = context;

	*out = slice_first(slice_from(r->message, offset),
	                   len < r->most ? len : r->most);
	return OK;
}

enum { NEEDLES = 5 };

static void search(const struct digest *d, struct slice message, uint32_t most,
                   bool headers_too, bool *found)
{
	const struct slice needles[NEEDLES] = { S(""), S("a"), S("te"),
		                                S("subject"), S("\xc3\xa4") };
	struct reading r = { message, most };
	struct search_source source = { read_some, &r };

	require(is_ok(
		mime_search(d, needles, NEEDLES, headers_too, source, found)));
	require(found[0]);
}

static void check_search(const struct digest *d, struct slice message)
{
	bool all[NEEDLES], cut[NEEDLES], bodies[NEEDLES];

	search(d, message, UINT32_MAX, true, all);
	search(d, message, 1 + d->size % 7, true, cut);
	search(d, message, UINT32_MAX, false, bodies);
	for (size_t i = 0; i < NEEDLES; i++)
		require(all[i] == cut[i] && (all[i] || !bodies[i]));
}

static void check_digest(struct slice raw, struct slice message)
{
	struct digest d;

	require(is_ok(digest_check(raw, message.len)));
	require(is_ok(digest_open(raw, &d)));
	check_whole(&d);
	check_utf8(digest_field(&d, DIGEST_ENVELOPE));
	check_utf8(digest_field(&d, DIGEST_BODYSTRUCTURE));
	require(parts_described(&d));
	check_search(&d, message);
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
	check_digest(buf_slice(&whole), message);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
