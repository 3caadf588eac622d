/*
 * preview.h -- the first words of a message, for people. RFC 8970
 *
 * Of each text part in turn some octets are kept and, at its end, decoded;
 * the first that gives any text is the preview.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mime/digest.h"

enum {
	PREVIEW_POINTS = 200, /* code points */
	PREVIEW_PLAIN =
		8 * 1024, /* octets of a text/plain that are looked at */
	PREVIEW_HTML = 32 * 1024, /* of a text/html */
	PREVIEW_TRIES = 16,       /* parts */
};

/* Zeroed: the start. */
struct preview {
	struct buf raw;  /* of the part being read; its limit is set */
	struct buf text; /* the preview */
	bool reading;
	bool html;
	enum part_encoding encoding;
	char charset[38];
	unsigned int tries;
};

void preview_begin(struct preview *, bool html, enum part_encoding,
                   const char *charset);
void preview_feed(struct preview *, struct slice);
void preview_end(struct preview *);
void preview_free(struct preview *);
