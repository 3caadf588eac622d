/*
 * date.h -- INTERNALDATE as it is searched and as it is written.
 */
#pragma once

#include "base/buf.h"

/* The day (base/calendar.h) of an instant in its zone, in minutes east of
 * UTC. */
int64_t date_day(int64_t seconds, int16_t zone);

/* " 1-Jan-2026 00:00:00 +0000", with its quotes: date-time */
void reply_date_time(struct buf *, int64_t seconds, int16_t zone);
