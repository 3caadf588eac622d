/* message.c -- see message.h. */
#include "imap/message.h"

#include <assert.h>

#include "base/limits.h"

struct err read_message(struct blob_reader *blob, uint64_t at, uint64_t end,
                        struct slice *out)
{
	struct err e = blob_read(blob, at, out);

	assert(at < end);
	if (is_ok(e) && out->len == 0)
		return err(ERR_CORRUPT, "message is shorter than its digest");
	*out = slice_first(*out, end - at);
	return e;
}

struct err read_header(struct blob_reader *blob, struct span span,
                       struct buf *out)
{
	uint64_t at = span.offset;
	uint64_t end = at + span.len;

	if (span.len > LIMIT_HEADER_BYTES)
		end = at + LIMIT_HEADER_BYTES;
	while (at < end) {
		struct slice chunk;
		struct err e = read_message(blob, at, end, &chunk);

		if (!is_ok(e))
			return e;
		buf_add(out, chunk);
		at += chunk.len;
	}
	return OK;
}
