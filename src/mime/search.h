/*
 * search.h -- does a message hold this text? SEARCH BODY and TEXT.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "mime/digest.h"
#include "mime/fuzzy.h"

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

/* The same for one needle in the parts from `first` on, before `end`, which
 * are a part and all below it; with headers_too its own header, and those of
 * the parts below it. */
struct err mime_search_part(const struct digest *, uint32_t first, uint32_t end,
                            struct slice needle, bool headers_too,
                            struct search_source, bool *found);

/* The same as mime_search() for something like a text. */
struct err mime_search_fuzzy(const struct digest *, const struct fuzzy *,
                             bool headers_too, struct search_source,
                             struct fuzzy_match *);
