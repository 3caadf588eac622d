/* message.h -- stretches of a stored message. */
#pragma once

#include "base/buf.h"
#include "mime/digest.h"
#include "store/blob.h"

/* Octets from `at` on, at least one and none beyond `end` (at < end). As
 * blob_read(), but ERR_CORRUPT when the message ends before. Suspends. */
struct err read_message(struct blob_reader *, uint64_t at, uint64_t end,
                        struct slice *out);

/* Appends the octets of span, at most LIMIT_HEADER_BYTES: so far headers are
 * looked at. Suspends. */
struct err read_header(struct blob_reader *, struct span, struct buf *out);
