/*
 * crlf.h -- every line of a stored message ends in CRLF.
 *
 * A lone LF becomes CRLF. A lone CR stays (it is no line end, RFC 5322
 * section 2.3). Chunks may cut anywhere.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct crlf {
	bool after_cr; /* zeroed: start of a message */
};

void crlf_feed(struct crlf *, struct slice, struct buf *out);
