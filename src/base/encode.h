/*
 * encode.h -- base64, hexadecimal and modified UTF-7.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/* With padding, without line breaks. RFC 4648 section 4 */
void base64_encode(struct slice, struct buf *out);

/* Strict: padded, nothing else in it; false when it is not base64, and then
 * out is as it was. */
bool base64_decode(struct slice, struct buf *out);

/* The same strictness, without padding. RFC 4648 section 5 */
bool base64url_decode(struct slice, struct buf *out);

void hex_encode(struct slice, struct buf *out); /* lower case */

/*
 * Mailbox names on the wire of IMAP4rev1. RFC 3501 section 5.1.3
 *
 * utf7_decode is strict: it refuses what utf7_encode would not have
 * written (unneeded or unfinished shifts, lone surrogates, 8-bit bytes,
 * control characters), so that one name has one spelling.
 */
void utf7_encode(struct slice utf8, struct buf *out);
bool utf7_decode(struct slice utf7, struct buf *out);
