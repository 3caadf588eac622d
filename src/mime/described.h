/*
 * described.h -- what BODYSTRUCTURE says, read back part by part.
 *
 * A digest has its parts twice: as a table of where they are, and in the wire
 * form of what their headers say. Here both come together again, for whoever
 * asks each part for itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "mime/digest.h"

/*
 * Of one part: items of its wire form ("...", NIL, a list in parentheses),
 * which point into the digest. Empty: BODYSTRUCTURE doesn't say that of parts
 * of its kind.
 */
struct described {
	struct slice type;
	struct slice subtype;
	struct slice params;
	struct slice id;
	struct slice description;
	struct slice encoding;
	struct slice envelope; /* of a PART_MESSAGE: the embedded message's */
	struct slice md5;
	struct slice disposition;
	struct slice language;
	struct slice location;
	uint32_t parent;
	uint32_t depth;    /* 0: the message itself */
	uint32_t position; /* in a multipart, from 1; 0: in none */
	uint32_t end;      /* index behind the last part below it */
};

/* v has room for d->parts, zeroed. ERR_CORRUPT when the two don't agree. */
struct err digest_describe(const struct digest *d, struct described *v);

/* -- wire forms -- */

/* Takes the next item off *rest, the space before it too; empty at the end,
 * and where there is none. */
struct slice wire_item(struct slice *rest);

/* What stands in a list; empty for NIL. */
struct slice wire_list(struct slice item);

/* Appends what a string says, decoded (RFC 2047), as UTF-8; false for NIL and
 * for what is no string. */
bool wire_text(struct slice item, struct buf *out);
