/*
 * digest_opaque.c -- a digest with as little parsing as can be: line ends.
 */
#include <inttypes.h>

#include "base/bytes.h"
#include "mime/digest_check.h"
#include "mime/digest_layout.h"

#define ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
#define HEAD     "\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"8bit\""
#define TAIL     " NIL NIL NIL NIL"

/* A line of the header, or some of one; the empty one ends it. */
static void take_header(struct digest_opaque *o, struct slice s, bool ends)
{
	for (size_t i = 0; i < s.len; i++)
		o->line_has_text |= s.ptr[i] != '\r' && s.ptr[i] != '\n';
	if (!ends)
		return;
	if (!o->line_has_text)
		o->header_len = o->offset;
	o->line_has_text = false;
}

/* The lines of a chunk, one after another; the last may have no end. */
void digest_opaque_feed(struct digest_opaque *o, struct slice s)
{
	if (slice_find_byte(s, '\0') != SLICE_NONE)
		o->flags |= DIGEST_HAS_NUL;
	while (s.len != 0) {
		size_t n = slice_find_byte(s, '\n');
		bool ends = n != SLICE_NONE;
		struct slice line = ends ? slice_first(s, n + 1) : s;

		o->offset += (uint32_t)line.len;
		if (o->header_len != 0)
			o->lines += ends;
		else
			take_header(o, line, ends);
		s = slice_from(s, line.len);
	}
}

static void put_body(const struct digest_opaque *o, bool extended,
                     struct buf *out)
{
	uint32_t len = o->header_len != 0 ? o->offset - o->header_len : 0;

	buf_printf(out, "(" HEAD " %" PRIu32 " %" PRIu32 "%s)", len, o->lines,
	           extended ? TAIL : "");
}

static void put_part(const struct digest_opaque *o, struct buf *out)
{
	uint32_t header = o->header_len != 0 ? o->header_len : o->offset;
	char raw[PART_SIZE] = { 0 };

	put_le32(raw + 4, header);
	put_le32(raw + 8, header);
	put_le32(raw + 12, o->offset - header);
	put_le32(raw + 16, o->lines);
	raw[30] = PART_TEXT;
	raw[31] = ENCODING_IDENTITY;
	buf_add(out, slice_of(raw, sizeof raw));
}

void digest_opaque_finish(const struct digest_opaque *o, struct buf *out)
{
	char head[DIGEST_HEAD] = { 0 };
	struct buf fields = { 0 };

	put_le16(head, DIGEST_VERSION);
	put_le32(head + 4, o->flags | DIGEST_UNPARSED);
	put_le32(head + 16, o->offset);
	put_le32(head + 20, 1); /* part */
	put_le32(head + 24, 1); /* the empty charset */
	for (enum digest_field f = 0; f < DIGEST_FIELDS; f++) {
		size_t before = fields.len;

		if (f == DIGEST_ENVELOPE)
			buf_add(&fields, S(ENVELOPE));
		else if (f == DIGEST_BODYSTRUCTURE || f == DIGEST_BODY)
			put_body(o, f == DIGEST_BODYSTRUCTURE, &fields);
		put_le32(head + 28 + 4 * f, (uint32_t)(fields.len - before));
	}
	buf_add(out, slice_of(head, sizeof head));
	buf_add(out, buf_slice(&fields));
	buf_byte(out, '\0');
	put_part(o, out);
	buf_free(&fields);
}
