/*
 * ranges.h -- sets of UIDs as bytes, in rows of the index: of each range the
 * first UID and the last one, in little-endian, ascending.
 */
#pragma once

#include "base/uidset.h"

enum { RANGE_BYTES = 8 };

/* room has uids->n * RANGE_BYTES octets. */
void ranges_write(const struct uidset *uids, void *room);

/* v has raw.len / RANGE_BYTES places. False: these are none. */
bool ranges_read(struct slice raw, struct uidrange *v, size_t *n);
