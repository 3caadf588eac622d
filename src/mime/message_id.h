/*
 * message_id.h -- message ids, in the one form in which they are compared.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/*
 * Appends the ids of a Message-ID, In-Reply-To or References field without
 * angle brackets, white space and needless quotes (RFC 5256 section 3,
 * REFERENCES), separated by spaces; of more than `most` the last ones, which
 * are the nearest ancestors. Returns how many the field has.
 */
size_t message_ids(struct slice value, size_t most, struct buf *out);
