/*
 * date.c -- see date.h.
 *
 * The value is cut into words at spaces, commas, comments and colons; each
 * word says by its form what it is, whatever its place.
 */
#include "mime/date.h"

#include "base/ascii.h"
#include "base/calendar.h"

enum { ZONE_MOST = 24 * 60 - 1 }; /* minutes; beyond it the zone is nonsense */

struct date {
	struct calendar_date date;
	unsigned int numbers; /* how many of day, year are set */
	bool has_time;
	unsigned int seconds; /* of the day */
	bool has_zone;
	int zone; /* minutes east */
};

/* -- words -- */

/* Skips a comment; comments nest. */
static void skip_comment(struct slice *s)
{
	size_t depth = 0;

	do {
		char c = s->ptr[0];

		depth += c == '(';
		depth -= c == ')';
		*s = slice_from(*s, c == '\\' ? 2 : 1);
	} while (s->len != 0 && depth != 0);
}

/* Whether the word goes on with that; a colon is a word by itself. */
static bool is_in_word(char c)
{
	return !ascii_is_space(c) && c != ',' && c != '(' && c != ':';
}

static bool next_word(struct slice *s, struct slice *word)
{
	size_t n = 0;

	while (s->len != 0 && s->ptr[0] != ':' && !is_in_word(s->ptr[0])) {
		if (s->ptr[0] == '(')
			skip_comment(s);
		else
			*s = slice_from(*s, 1);
	}
	while (n < s->len && is_in_word(s->ptr[n]))
		n++;
	if (n == 0 && s->len != 0)
		n = 1;
	*word = slice_first(*s, n);
	*s = slice_from(*s, n);
	return n != 0;
}

/* A decimal number of at most four digits. */
static bool small_number(struct slice s, unsigned int *out)
{
	uint64_t n;

	if (s.len > 4 || !slice_number(s, &n))
		return false;
	*out = (unsigned int)n;
	return true;
}

/* ":" and a number. */
static bool take_part(struct slice *rest, unsigned int *out)
{
	struct slice s = *rest;
	struct slice word;

	if (!next_word(&s, &word) || word.ptr[0] != ':' ||
	    !next_word(&s, &word) || !small_number(word, out))
		return false;
	*rest = s;
	return true;
}

/*
 * time-of-day = hour ":" minute [":" second], with comments between in
 * obs-time-of-day; `rest` begins with the first colon. One that there isn't
 * is 0:00, RFC 5256 section 2.2.
 */
static bool take_time(struct date *d, struct slice word, struct slice *rest)
{
	unsigned int h, m;
	unsigned int s = 0;

	if (d->has_time || !small_number(word, &h) || !take_part(rest, &m))
		return false;
	(void)take_part(rest, &s);
	d->has_time = true;
	if (h <= 23 && m <= 59 && s <= 60)
		d->seconds = h * 3600 + m * 60 + s;
	return true;
}

/* zone = ("+" / "-") 4DIGIT */
static bool take_offset(struct date *d, struct slice word)
{
	unsigned int n;

	if (word.len != 5 || (word.ptr[0] != '+' && word.ptr[0] != '-') ||
	    !small_number(slice_from(word, 1), &n))
		return false;
	d->has_zone = true;
	d->zone = (int)(n / 100 * 60 + n % 100);
	if (n % 100 > 59 || d->zone > ZONE_MOST)
		d->zone = 0;
	if (word.ptr[0] == '-')
		d->zone = -d->zone;
	return true;
}

/* obs-zone; names that are not listed count as UTC, RFC 5322 section 4.3 */
static bool take_zone_name(struct date *d, struct slice word)
{
	static const struct {
		char name[4];
		int hours;
	} zones[] = {
		{ "UT", 0 },   { "UTC", 0 },  { "GMT", 0 },  { "EST", -5 },
		{ "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 },
		{ "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
	};

	if (d->has_zone || !d->has_time)
		return false;
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		if (slice_ieq(word, slice_cstr(zones[i].name)))
			d->zone = zones[i].hours * 60;
	}
	d->has_zone = true;
	return true;
}

static bool take_month(struct date *d, struct slice word)
{
	if (d->date.month != 0)
		return false;
	d->date.month = month_number(slice_first(word, 3));
	return d->date.month != 0;
}

/* The first number is the day, the second the year. */
static bool take_number(struct date *d, struct slice word)
{
	unsigned int n;

	if (d->numbers == 2 || !small_number(word, &n))
		return false;
	if (d->numbers++ == 0)
		d->date.day = n;
	else if (n < 50) /* obs-year */
		d->date.year = 2000 + n;
	else if (n < 1000) /* and "0102", from before 2000 was thought of */
		d->date.year = 1900 + n;
	else
		d->date.year = n;
	return true;
}

/* "21-Nov-97", which is no date of mail but is found in it */
static bool take_dashed(struct date *d, struct slice word)
{
	struct slice day, month, year;

	return d->numbers == 0 && slice_cut(word, '-', &day, &year) &&
	       slice_cut(year, '-', &month, &year) && take_number(d, day) &&
	       take_month(d, month) && take_number(d, year);
}

static bool is_day_name(struct slice word)
{
	static const char days[] = "sunmontuewedthufrisat";

	for (size_t i = 0; word.len >= 3 && i < 7; i++) {
		if (slice_ieq(slice_first(word, 3), slice_of(days + 3 * i, 3)))
			return true;
	}
	return false;
}

static bool has_date(const struct date *d)
{
	return d->date.month != 0 && d->numbers == 2;
}

static bool is_possible(const struct date *d)
{
	return has_date(d) && d->date.year >= 1900 && calendar_has(d->date);
}

/* date-time = [day-of-week ","] date time [CFWS] */
bool date_parse(struct slice value, int64_t *sent, int16_t *zone)
{
	struct date d = { 0 };
	struct slice word;

	while (next_word(&value, &word)) {
		if (!take_time(&d, word, &value) && !take_offset(&d, word) &&
		    !take_number(&d, word) && !take_dashed(&d, word) &&
		    !take_month(&d, word) && !is_day_name(word) &&
		    !take_zone_name(&d, word) && !d.has_time && !has_date(&d))
			return false;
	}
	if (!is_possible(&d))
		return false;
	*sent = calendar_day(d.date) * 86400 + d.seconds - d.zone * 60;
	*zone = (int16_t)d.zone;
	return true;
}
