/*
 * wire.h -- strings of IMAP that are made once and sent as they are.
 *
 * Always a quoted string of printable US-ASCII: control characters and
 * 8-bit text become encoded words, since neither may stand in a quoted
 * string that every client can read (RFC 9051 section 4.3).
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
