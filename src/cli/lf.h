/*
 * lf.h -- messages leave with the line ends that files have.
 *
 * CRLF becomes LF, except where a CR stands before it: CR CR LF stays, so
 * that making every line end CRLF again (mime/crlf.h) gives back each byte.
 * Chunks may cut anywhere.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct lf {
	bool held;     /* a CR, not given yet */
	bool after_cr; /* another stands before it */
};

void lf_feed(struct lf *, struct slice, struct buf *out);
void lf_end(struct lf *, struct buf *out);
