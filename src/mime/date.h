/*
 * date.h -- the Date: field. RFC 5322 sections 3.3 and 4.3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Seconds since 1970 (UTC) and the zone in minutes east of UTC. Comments,
 * two-digit years, zone names, a missing zone (UTC), a missing time (0:00,
 * as is one that can't be) and the order of asctime() are understood; false
 * when it is no date at all.
 */
bool date_parse(struct slice value, int64_t *sent, int16_t *zone);
