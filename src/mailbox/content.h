/* content.h -- rows of T_DIGEST: blob, thread and digest of a message. */
#pragma once

#include "mailbox/internal.h"
#include "store/batch.h"

struct content {
	struct object_ids ids;
	struct slice digest; /* points into the row */
};

struct err content_open(struct slice row,
                        struct content *out); /* ERR_CORRUPT */

/* ERR_ABSENT, ERR_CORRUPT; the digest points into the map. */
struct err content_get(struct mailbox *, uint32_t uid, struct content *out);

/* mailbox_digest() without its parts (digest_open_fields). */
struct err content_fields(struct mailbox *, uint32_t uid, struct digest *out);

void content_put(struct batch *, struct mailbox *, uint32_t uid,
                 const struct content *);
