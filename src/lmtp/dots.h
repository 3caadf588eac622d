/*
 * dots.h -- the message behind DATA: where it ends, and its dots undone.
 *
 * Only CRLF.CRLF ends it (RFC 5321 section 4.1.1.4). A bare LF or CR is
 * part of a line like any other byte: taking it for a line end is how
 * commands are smuggled in a message.
 */
#pragma once

#include "base/slice.h"

enum dots_at {
	DOTS_LINE,   /* the start of a line */
	DOTS_DOT,    /* behind a dot there */
	DOTS_DOT_CR, /* behind a dot and a CR there */
	DOTS_TEXT,
	DOTS_END, /* the message is whole */
};

/* Zeroed, it is at the start of a message. */
struct dots {
	enum dots_at at;
	char last; /* byte of the text */
};

/*
 * Takes bytes from the front of `in` and writes what they are of the message
 * to `out`, which has room for in.len + 1 bytes. Returns how many it took:
 * all, unless the end has come.
 */
size_t dots_undo(struct dots *, struct slice in, char *out, size_t *written);
