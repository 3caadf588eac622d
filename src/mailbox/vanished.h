/* vanished.h -- rows of the expunge log, T_EXPUNGED. */
#pragma once

#include "mailbox/change.h"
#include "mailbox/ranges.h"

/* What a row has; v has row.len / RANGE_BYTES places. ERR_CORRUPT */
struct err vanished_open(struct slice row, struct uidrange *v, size_t *n);

/* Puts into the change that uids are expunged with it; may cut the log.
 * Suspends. ERR_IO, ERR_CORRUPT */
struct err vanished_log(struct change *, struct edit *,
                        const struct uidset *uids);
