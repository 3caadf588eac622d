/* content.h -- rows of T_DIGEST: the blob's hash, then the digest. */
#pragma once

#include "mailbox/internal.h"
#include "store/batch.h"

/* ERR_CORRUPT; *digest points into row. */
struct err content_open(struct slice row, struct content_hash *blob,
                        struct slice *digest);

/* ERR_ABSENT; *digest points into the map. */
struct err content_get(struct mailbox *, uint32_t uid,
                       struct content_hash *blob, struct slice *digest);

void content_put(struct batch *, struct mailbox *, uint32_t uid,
                 const struct content_hash *blob, struct slice digest);
