/*
 * header.h -- choosing header fields for FETCH, looking in them for SEARCH.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Appends those fields of header (octets as stored, with or without its
 * empty line) that are among names (or, with `not`, are not), in their
 * order, as they stand, and the final empty line. The names are sorted by
 * slice_icmp(): there may be thousands of them, and of fields. RFC 9051
 * section 6.4.5
 */
void header_select(struct slice header, const struct slice *names, size_t n,
                   bool not_these, struct buf *out);

/* The next field from *rest: its name and its raw value (folding included,
 * final CRLF not). False at the end of the header. Lines that are no field
 * are passed over. */
bool header_next(struct slice *rest, struct slice *name, struct slice *value);

/* Appends the value unfolded, RFC 2047 decoded, as UTF-8. */
void header_decode(struct slice value, struct buf *out);
