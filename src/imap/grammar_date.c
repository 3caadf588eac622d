/* grammar_date.c -- dates of SEARCH, date-times of APPEND. */
#include "base/ascii.h"
#include "base/calendar.h"
#include "imap/grammar.h"

/* Exactly n digits. */
static unsigned parse_fixed(struct cursor *c, unsigned n)
{
	unsigned value = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!ascii_is_digit(peek(c))) {
			fail(c, "date is not well formed");
			return 0;
		}
		value = value * 10 + (unsigned)(*c->p++ - '0');
	}
	return value;
}

/* "-" date-month "-" date-year, behind the day; days since 1970 */
static int64_t parse_month_year(struct cursor *c, unsigned day)
{
	struct calendar_date d = { .day = day };

	expect(c, '-', "date is not well formed");
	d.month = month_number(slice_first(rest(c), 3));
	if (d.month == 0) {
		fail(c, "month is none of Jan to Dec");
		return 0;
	}
	c->p += 3;
	expect(c, '-', "date is not well formed");
	d.year = parse_fixed(c, 4);
	if (!calendar_has(d)) {
		fail(c, "there is no such day");
		return 0;
	}
	return calendar_day(d);
}

/* 1*2DIGIT */
static unsigned parse_day(struct cursor *c)
{
	unsigned day = parse_fixed(c, 1);

	return ascii_is_digit(peek(c)) ? day * 10 + parse_fixed(c, 1) : day;
}

/* date = date-text / DQUOTE date-text DQUOTE
 * date-text = date-day "-" date-month "-" date-year ; 1*2DIGIT day */
int64_t parse_date(struct cursor *c)
{
	bool quoted = take(c, '"');
	unsigned day = parse_day(c);
	int64_t days = parse_month_year(c, day);

	if (quoted)
		expect(c, '"', "date does not end");
	return days;
}

/* zone = ("+" / "-") 4DIGIT ; hhmm, to minutes */
static int16_t parse_zone(struct cursor *c)
{
	bool west = take(c, '-');
	unsigned digits;
	unsigned minutes;

	if (!west)
		expect(c, '+', "zone is not well formed");
	digits = parse_fixed(c, 4);
	minutes = digits / 100 * 60 + digits % 100;
	if (digits % 100 > 59 || minutes > 24 * 60)
		fail(c, "there is no such zone");
	return (int16_t)(west ? -(int)minutes : (int)minutes);
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT ; a leap second is read as 59 */
static unsigned parse_time(struct cursor *c)
{
	unsigned hour = parse_fixed(c, 2);
	unsigned minute;
	unsigned second;

	expect(c, ':', "time is not well formed");
	minute = parse_fixed(c, 2);
	expect(c, ':', "time is not well formed");
	second = parse_fixed(c, 2);
	if (hour > 23 || minute > 59 || second > 60)
		fail(c, "there is no such time");
	return hour * 3600 + minute * 60 + (second > 59 ? 59 : second);
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year
 *             SP time SP zone DQUOTE
 * date-day-fixed = (SP DIGIT) / 2DIGIT ; and 1DIGIT, as some send it */
struct date_time parse_date_time(struct cursor *c)
{
	struct date_time t = { 0, 0 };
	unsigned day;

	expect(c, '"', "expected a date and time");
	if (take(c, ' '))
		day = parse_fixed(c, 1);
	else
		day = parse_day(c);
	t.seconds = parse_month_year(c, day) * 86400;
	expect(c, ' ', "expected a space behind the date");
	t.seconds += parse_time(c);
	expect(c, ' ', "expected a space behind the time");
	t.zone = parse_zone(c);
	t.seconds -= t.zone * 60;
	expect(c, '"', "date and time do not end");
	return t;
}
