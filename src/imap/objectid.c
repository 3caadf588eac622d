/* objectid.c -- see objectid.h. */
#include "imap/objectid.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/encode.h"
#include "base/hash.h"

enum { EMAILID_HASH = 16 }; /* octets of the blob's */

bool is_objectid(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_' &&
		    c != '-')
			return false;
	}
	return text.len >= 1 && text.len <= 255;
}

void reply_mailboxid(struct buf *out, uint64_t objectid)
{
	buf_printf(out, "F%016" PRIx64, objectid);
}

void reply_threadid(struct buf *out, const struct object_ids *ids)
{
	buf_printf(out, "T%016" PRIx64, ids->thread);
}

static void reply_blob(struct buf *out, const struct object_ids *ids)
{
	buf_byte(out, 'M');
	hex_encode(slice_of(ids->blob.bytes, EMAILID_HASH), out);
}

void reply_emailid(struct buf *out, const struct object_ids *ids,
                   const struct record *r)
{
	uint8_t rest[18];

	put_le64(rest, (uint64_t)r->internaldate);
	put_le16(rest + 8, (uint16_t)r->zone);
	put_le64(rest + 10, ids->thread);
	reply_blob(out, ids);
	buf_printf(out, "%016" PRIx64, hash_check(slice_of(rest, sizeof rest)));
}

static bool is_text(struct buf *text, struct slice asked)
{
	bool is = slice_eq(buf_slice(text), asked);

	buf_free(text);
	return is;
}

bool threadid_is(const struct object_ids *ids, struct slice asked)
{
	struct buf text = { 0 };

	reply_threadid(&text, ids);
	return is_text(&text, asked);
}

/* Most are another message's by their first letters: no record is read. */
struct err emailid_is(struct mailbox *m, uint32_t uid,
                      const struct object_ids *ids, struct slice asked,
                      bool *is)
{
	struct buf text = { 0 };
	struct record r;
	struct err e = OK;

	reply_blob(&text, ids);
	*is = slice_starts(asked, buf_slice(&text));
	text.len = 0;
	if (*is)
		e = mailbox_record(m, uid, &r);
	if (*is && is_ok(e))
		reply_emailid(&text, ids, &r);
	*is = is_text(&text, asked);
	return e;
}
