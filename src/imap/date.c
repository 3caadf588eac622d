/* date.c -- the calendar, without the C library's zones and locales. */
#include "imap/date.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

enum { DAY_SECONDS = 86400 };

unsigned month_number(struct slice name)
{
	for (unsigned i = 0; i < 12; i++)
		if (slice_ieq(name, slice_of(months + 3 * i, 3)))
			return i + 1;
	return 0;
}

unsigned month_days(int64_t year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30,
		                              31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Years begin in March here, so that the leap day is a year's last. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t march_month = (month + 9) % 12;
	int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t date_day(int64_t seconds, int16_t zone)
{
	return floor_div(seconds + zone * 60, DAY_SECONDS);
}

struct civil {
	int64_t year;
	unsigned month;
	unsigned day;
};

static struct civil civil_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

	return (struct civil){ yoe + era * 400 + (month <= 2), month,
		               (unsigned)(doy - (153 * mp + 2) / 5 + 1) };
}

static void put_two(char *p, int64_t n)
{
	p[0] = (char)('0' + n / 10);
	p[1] = (char)('0' + n % 10);
}

void reply_date_time(struct buf *out, int64_t seconds, int16_t zone)
{
	char text[] = "\"dd-mmm-yyyy hh:mm:ss +zzzz\"";
	int64_t day = date_day(seconds, zone);
	int64_t time = seconds + zone * 60 - day * DAY_SECONDS;
	struct civil c = civil_from_days(day);
	int minutes = zone < 0 ? -zone : zone;

	/* four digits are all that date-year has */
	if (c.year < 0 || c.year > 9999)
		c = (struct civil){ 1970, 1, 1 };
	put_two(text + 1, c.day);
	if (c.day < 10)
		text[1] = ' ';
	memcpy(text + 4, months + 3 * (c.month - 1), 3);
	put_two(text + 8, c.year / 100);
	put_two(text + 10, c.year % 100);
	put_two(text + 13, time / 3600);
	put_two(text + 16, time / 60 % 60);
	put_two(text + 19, time % 60);
	text[22] = zone < 0 ? '-' : '+';
	put_two(text + 23, minutes / 60 % 100);
	put_two(text + 25, minutes % 60);
	buf_add(out, slice_of(text, sizeof text - 1));
}
