/*
 * search.h -- does a message hold this text? SEARCH BODY and TEXT.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "mime/digest.h"

/*
 * Where the message's octets come from. read() gives some octets from
 * `offset` on, at least one and at most len; they stay valid until the next
 * call. It may suspend. Its errors end the search.
 */
struct search_source {
	struct err (*read)(void *context, uint32_t offset, uint32_t len,
	                   struct slice *out);
	void *context;
};

/*
 * Looks for n needles (unicode_fold'ed) at once; found[i] says whether
 * needle i is there. Text parts, and reports (delivery status and the
 * like), are decoded and folded, and so are the header fields ("name: value")
 * of embedded messages; with headers_too all others as well. A needle may not
 * span two parts. An empty needle is in every message. Memory is bounded by the
 * needles' length, not the message's.
 */
struct err mime_search(const struct digest *, const struct slice *needles,
                       size_t n, bool headers_too, struct search_source,
                       bool *found);
