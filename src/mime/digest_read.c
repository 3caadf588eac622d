/*
 * digest_read.c -- a stored digest, checked once, then read in place.
 *
 * The head alone bounds the fields; what parts say is checked where parts
 * are used.
 */
#include <assert.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "mime/digest_layout.h"

/* Where things lie, from the lengths in the head. */
struct layout {
	size_t charsets;
	size_t charsets_len;
	size_t parts;
};

static size_t field_len(struct slice raw, size_t field)
{
	return get_le32(raw.ptr + 28 + 4 * field);
}

/* No overflow: at most DIGEST_FIELDS + 1 numbers of 32 bits are added. */
static struct layout layout_of(struct slice raw)
{
	struct layout at = { .charsets = DIGEST_HEAD };

	for (size_t i = 0; i < DIGEST_FIELDS; i++)
		at.charsets += field_len(raw, i);
	at.charsets_len = get_le32(raw.ptr + 24);
	at.parts = at.charsets + at.charsets_len;
	return at;
}

static bool is_within(uint32_t offset, uint32_t len, uint32_t size)
{
	return offset <= size && len <= size - offset;
}

/* Links only lead to later parts, so that whoever follows them ends. */
static bool is_link(uint32_t link, uint32_t from, uint32_t parts)
{
	return link == 0 || (link > from && link < parts);
}

static bool is_part(const char *p, uint32_t index, const struct digest *d,
                    size_t charsets_len)
{
	uint8_t type = (uint8_t)p[30];
	uint32_t child = get_le32(p + 24);
	bool has_child = type == PART_MULTIPART || type == PART_MESSAGE;

	return is_within(get_le32(p), get_le32(p + 4), d->size) &&
	       is_within(get_le32(p + 8), get_le32(p + 12), d->size) &&
	       is_link(get_le32(p + 20), index, d->parts) &&
	       is_link(child, index, d->parts) && has_child == (child != 0) &&
	       get_le16(p + 28) < charsets_len && type <= PART_REPORT &&
	       (uint8_t)p[31] <= ENCODING_UNKNOWN;
}

/* Each name ends within the charsets, and fits struct part. */
static bool are_charsets(struct slice s)
{
	if (s.len == 0 || s.ptr[s.len - 1] != '\0')
		return false;
	while (s.len != 0) {
		size_t n = slice_find_byte(s, '\0');

		if (n >= sizeof((struct part *)NULL)->charset)
			return false;
		s = slice_from(s, n + 1);
	}
	return true;
}

static struct err damaged(void)
{
	return err(ERR_CORRUPT, "not a digest");
}

static struct err open_head(struct slice raw, struct digest *out,
                            struct layout *at)
{
	if (raw.len < DIGEST_HEAD || get_le16(raw.ptr) != DIGEST_VERSION)
		return damaged();
	*out = (struct digest){
		.raw = raw,
		.size = get_le32(raw.ptr + 16),
		.flags = get_le32(raw.ptr + 4),
		.sent = (int64_t)get_le64(raw.ptr + 8),
		.sent_zone = (int16_t)get_le16(raw.ptr + 2),
		.parts = get_le32(raw.ptr + 20),
	};
	*at = layout_of(raw);
	if (out->parts == 0 || out->parts > LIMIT_MIME_PARTS ||
	    raw.len != at->parts + (size_t)out->parts * PART_SIZE)
		return damaged();
	return OK;
}

struct err digest_open(struct slice raw, struct digest *out)
{
	struct layout at;
	struct err e = open_head(raw, out, &at);

	if (!is_ok(e))
		return e;
	if (!are_charsets(slice_of(raw.ptr + at.charsets, at.charsets_len)))
		return damaged();
	for (uint32_t i = 0; i < out->parts; i++) {
		if (!is_part(raw.ptr + at.parts + i * PART_SIZE, i, out,
		             at.charsets_len))
			return damaged();
	}
	return OK;
}

struct err digest_open_fields(struct slice raw, struct digest *out)
{
	struct layout at;
	struct err e = open_head(raw, out, &at);

	out->parts = 0;
	return e;
}

struct slice digest_field(const struct digest *d, enum digest_field field)
{
	size_t at = DIGEST_HEAD;

	assert(field < DIGEST_FIELDS);
	for (size_t i = 0; i < field; i++)
		at += field_len(d->raw, i);
	return slice_of(d->raw.ptr + at, field_len(d->raw, field));
}

struct part digest_part(const struct digest *d, uint32_t index)
{
	struct layout at = layout_of(d->raw);
	const char *p = d->raw.ptr + at.parts + (size_t)index * PART_SIZE;
	struct part part = {
		.header = get_le32(p),
		.header_len = get_le32(p + 4),
		.body = get_le32(p + 8),
		.body_len = get_le32(p + 12),
		.lines = get_le32(p + 16),
		.next = get_le32(p + 20),
		.child = get_le32(p + 24),
		.type = (uint8_t)p[30],
		.encoding = (uint8_t)p[31],
	};

	assert(index < d->parts);
	memccpy(part.charset, d->raw.ptr + at.charsets + get_le16(p + 28), '\0',
	        sizeof part.charset - 1);
	return part;
}
