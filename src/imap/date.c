/* date.c -- see date.h. */
#include "imap/date.h"

#include "base/calendar.h"

enum { DAY_SECONDS = 86400 };

int64_t date_day(int64_t seconds, int16_t zone)
{
	return calendar_day_of(seconds + zone * 60);
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
	struct calendar_date d = calendar_date(day);
	int minutes = zone < 0 ? -zone : zone;

	/* four digits are all that date-year has */
	if (d.year < 0 || d.year > 9999)
		d = (struct calendar_date){ 1970, 1, 1 };
	put_two(text + 1, d.day);
	if (d.day < 10)
		text[1] = ' ';
	memcpy(text + 4, month_name(d.month).ptr, 3);
	put_two(text + 8, d.year / 100);
	put_two(text + 10, d.year % 100);
	put_two(text + 13, time / 3600);
	put_two(text + 16, time / 60 % 60);
	put_two(text + 19, time % 60);
	text[22] = zone < 0 ? '-' : '+';
	put_two(text + 23, minutes / 60 % 100);
	put_two(text + 25, minutes % 60);
	buf_add(out, slice_of(text, sizeof text - 1));
}
