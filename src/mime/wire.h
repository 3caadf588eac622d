/*
 * wire.h -- strings of IMAP that are made once and sent as they are.
 *
 * Always a quoted string of printable US-ASCII: control characters and
 * 8-bit text become encoded words, since neither may stand in a quoted
 * string that every client can read (RFC 9051 section 4.3). Who reads UTF-8
 * there has it back.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/* "..." */
void wire_string(struct slice, struct buf *out);

/* "..." with the ASCII letters in lower case. */
void wire_lower(struct slice, struct buf *out);

/* NIL unless present. */
void wire_nstring(bool present, struct slice, struct buf *out);

/* Appends what these functions have made, with UTF-8 in place of the encoded
 * words that they have made of it. Other ones stay. RFC 9755 section 3 */
void wire_utf8(struct slice form, struct buf *out);
