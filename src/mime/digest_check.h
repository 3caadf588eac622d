/*
 * digest_check.h -- digests that others made, and one for what nobody could
 * read.
 */
#pragma once

#include "mime/digest.h"

/*
 * Is this a digest of a message of that many octets, all of whose claims can
 * be acted upon? More than digest_open() asks: its parts are one tree, each
 * within its parent; its wire forms are lists of legal strings, so that they
 * can be sent to clients as they are; BODYSTRUCTURE describes those parts;
 * nothing in it is out of range. It may still be untrue. ERR_CORRUPT.
 */
struct err digest_check(struct slice raw, uint64_t size);

/*
 * The opaque digest: a message about which nothing is said but where its
 * header ends. To a client it is one text/plain part with an empty ENVELOPE,
 * which every client shows as it stands and none runs, and whoever fetches
 * the message whole reads it as ever. It has DIGEST_UNPARSED.
 */
struct digest_opaque {
	uint32_t offset;
	uint32_t header_len; /* 0: it hasn't ended */
	uint32_t lines;      /* line ends behind it */
	bool line_has_text;
	uint32_t flags;
};

/* Zeroed at first; in any chunks, at most UINT32_MAX octets. */
void digest_opaque_feed(struct digest_opaque *, struct slice);
void digest_opaque_finish(const struct digest_opaque *, struct buf *out);
