/* calendar.c -- see calendar.h. */
#include "base/calendar.h"

#include <assert.h>

enum {
	DAY_SECONDS = 86400,
	CYCLE_YEARS = 400, /* then all comes again */
	CYCLE_DAYS =
		CYCLE_YEARS * 365 + CYCLE_YEARS / 4 - CYCLE_YEARS / 100 + 1,
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(int64_t year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30,
		                              31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Since the 1st of January of the year 1. */
static int64_t days_before(int64_t year)
{
	int64_t y = year - 1;

	return y * 365 + floor_div(y, 4) - floor_div(y, 100) +
	       floor_div(y, 400);
}

static int64_t first_day(int64_t year)
{
	return days_before(year) - days_before(1970);
}

bool calendar_has(struct calendar_date d)
{
	return d.month >= 1 && d.month <= 12 && d.day >= 1 &&
	       d.day <= days_in(d.year, d.month);
}

int64_t calendar_day(struct calendar_date d)
{
	int64_t day = first_day(d.year) + d.day - 1;

	assert(calendar_has(d));
	for (unsigned month = 1; month < d.month; month++)
		day += days_in(d.year, month);
	return day;
}

/* The year is guessed from the length of all, and is next to the right one. */
struct calendar_date calendar_date(int64_t day)
{
	int64_t cycles = floor_div(day, CYCLE_DAYS);
	int64_t year =
		1970 + cycles * CYCLE_YEARS + (day - cycles * CYCLE_DAYS) / 365;
	unsigned month = 1;

	while (first_day(year) > day)
		year--;
	day -= first_day(year);
	while (day >= days_in(year, month))
		day -= days_in(year, month++);
	return (struct calendar_date){ year, month, (unsigned)day + 1 };
}

int64_t calendar_day_of(int64_t seconds)
{
	return floor_div(seconds, DAY_SECONDS);
}

unsigned month_number(struct slice name)
{
	for (unsigned i = 0; i < 12; i++)
		if (slice_ieq(name, slice_of(months + 3 * i, 3)))
			return i + 1;
	return 0;
}

struct slice month_name(unsigned month)
{
	assert(month >= 1 && month <= 12);
	return slice_of(months + 3 * (month - 1), 3);
}
