/*
 * date.h -- days, and INTERNALDATE as it is written.
 */
#pragma once

#include "base/buf.h"

/* Days since 1970-01-01 of a date in the Gregorian calendar. month and day
 * count from 1. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);

/* The day of an instant in its zone (minutes east of UTC). */
int64_t date_day(int64_t seconds, int16_t zone);

/* 1 for Jan to 12 for Dec, without case; 0 for anything else. */
unsigned month_number(struct slice name);
unsigned month_days(int64_t year, unsigned month);

/* " 1-Jan-2026 00:00:00 +0000", with its quotes: date-time */
void reply_date_time(struct buf *, int64_t seconds, int16_t zone);
