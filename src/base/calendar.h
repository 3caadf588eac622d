/*
 * calendar.h -- the Gregorian calendar, in days since 1970-01-01.
 *
 * Before it was made, too, and without the locks, zones and locale of the C
 * library: each message that is parsed or fetched asks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct calendar_date {
	int64_t year;
	unsigned month; /* 1 to 12 */
	unsigned day;   /* 1 to 31 */
};

/* Is there such a day? */
bool calendar_has(struct calendar_date);

/* Of a date that is there; it may be before 1970. */
int64_t calendar_day(struct calendar_date);
struct calendar_date calendar_date(int64_t day);

/* The day of an instant: seconds since 1970-01-01 00:00:00. */
int64_t calendar_day_of(int64_t seconds);

/* 1 for Jan to 12 for Dec, without case; 0 for anything else. */
unsigned month_number(struct slice name);
struct slice month_name(unsigned month);
