/* mbox.c -- the lines of an mbox file. */
#include "cli/mbox.h"

#include <stdlib.h>
#include <time.h>

#include "base/ascii.h"
#include "base/calendar.h"
#include "mime/date.h"

/* The next line, with its end; empty at the end of the text. */
static struct slice next_line(struct slice *rest)
{
	size_t at = slice_find_byte(*rest, '\n');
	struct slice line = slice_first(*rest, at == SLICE_NONE ? at : at + 1);

	*rest = slice_from(*rest, line.len);
	return line;
}

static struct slice without_end(struct slice line)
{
	if (slice_ends(line, S("\n")))
		line.len--;
	if (slice_ends(line, S("\r")))
		line.len--;
	return line;
}

/* -- the "From " line -- */

static bool number_of(struct slice word, uint64_t most, int *out)
{
	uint64_t n;

	if (!slice_number(word, &n) || n > most)
		return false;
	*out = (int)n;
	return true;
}

static struct slice next_word(struct slice *rest)
{
	struct slice word;

	*rest = slice_trim(*rest);
	slice_cut(*rest, ' ', &word, rest);
	return word;
}

/* hh:mm or hh:mm:ss */
static bool read_time(struct slice word, struct tm *t)
{
	struct slice hour;
	struct slice minute;
	struct slice second;

	if (!slice_cut(word, ':', &hour, &word))
		return false;
	if (!slice_cut(word, ':', &minute, &second))
		second = S("0");
	return number_of(hour, 23, &t->tm_hour) &&
	       number_of(minute, 59, &t->tm_min) &&
	       number_of(second, 60, &t->tm_sec);
}

/* +hhmm or -hhmm, in minutes */
static bool read_zone(struct slice word, int16_t *out)
{
	int n;

	if (word.len != 5 || (word.ptr[0] != '+' && word.ptr[0] != '-') ||
	    !number_of(slice_from(word, 1), 1400, &n))
		return false;
	n = n / 100 * 60 + n % 100;
	*out = (int16_t)(word.ptr[0] == '-' ? -n : n);
	return true;
}

/* Mon dd hh:mm:ss [zone] yyyy [zone]; a zone that is a name means UTC. */
static bool read_date(struct slice rest, struct transfer_message *m)
{
	struct tm t = { .tm_mon = (int)month_number(next_word(&rest)) - 1 };
	struct slice word;

	m->zone = 0;
	if (t.tm_mon < 0 || !number_of(next_word(&rest), 31, &t.tm_mday) ||
	    !read_time(next_word(&rest), &t))
		return false;
	word = next_word(&rest);
	if (read_zone(word, &m->zone) ||
	    (word.len > 0 && ascii_is_alpha(word.ptr[0])))
		word = next_word(&rest);
	if (word.len != 4 || !number_of(word, 9999, &t.tm_year))
		return false;
	read_zone(next_word(&rest), &m->zone);
	t.tm_year -= 1900;
	m->internaldate = (int64_t)timegm(&t) - m->zone * 60;
	return true;
}

/* Is it "From ", and is there a date? The sender may have spaces in it, so
 * the date is looked for behind each weekday-like word. */
static bool read_from(struct slice line, struct transfer_message *m)
{
	struct slice rest = without_end(line);

	if (!slice_starts(rest, S("From ")))
		return false;
	rest = slice_from(rest, 5);
	while (rest.len > 0) {
		struct slice word = next_word(&rest);

		if (word.len == 3 && read_date(rest, m))
			return true;
	}
	return false;
}

/* -- a "From " line without a date -- */

/* Senders that no letter's sentence has: nobody, "-" (Thunderbird's), the
 * mailer itself, an address with nothing behind it. */
static bool is_bare_from(struct slice line)
{
	struct slice rest = without_end(line);
	struct slice word;

	if (!slice_starts(rest, S("From ")))
		return false;
	rest = slice_from(rest, 5);
	word = next_word(&rest);
	return word.len == 0 || slice_eq(word, S("-")) ||
	       slice_eq(word, S("MAILER-DAEMON")) ||
	       (slice_find_byte(word, '@') != SLICE_NONE &&
	        slice_trim(rest).len == 0);
}

/* field-name ":", RFC 5322 section 2.2 */
static bool is_field(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] > ' ' && line.ptr[n] <= '~' &&
	       line.ptr[n] != ':')
		n++;
	return n > 0 && n < line.len && line.ptr[n] == ':';
}

/* "Date:" gives the date that the "From " line lacks. */
static bool is_usual_field(struct slice line, struct transfer_message *m)
{
	static const struct slice usual[] = {
		N("From:"),       N("To:"),       N("Subject:"),
		N("Message-ID:"), N("Received:"), N("Return-Path:"),
	};

	if (slice_istarts(line, S("Date:")))
		return date_parse(slice_from(line, 5), &m->internaldate,
		                  &m->zone);
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (slice_istarts(line, usual[i]))
			return true;
	return false;
}

/* Only fields up to the empty line, and one that every message has. */
static bool begins_with_header(struct slice text, struct transfer_message *m)
{
	struct slice line = without_end(next_line(&text));
	bool usual = false;

	if (!is_field(line))
		return false;
	for (; line.len > 0; line = without_end(next_line(&text))) {
		bool folded = line.ptr[0] == ' ' || line.ptr[0] == '\t';

		if (!folded && !is_field(line))
			return false;
		usual = is_usual_field(line, m) || usual;
	}
	return usual;
}

/* Is the line the first of a message? rest: what follows it. */
static bool begins_message(struct slice line, bool after_empty,
                           struct slice rest, struct transfer_message *m)
{
	return read_from(line, m) || (after_empty && is_bare_from(line) &&
	                              begins_with_header(rest, m));
}

/* Where the message ends: before a "From " line, without the empty line
 * that belongs to it. */
static struct slice cut_message(struct slice *rest)
{
	struct slice all = *rest;
	struct transfer_message ignored;
	size_t end = 0;
	bool after_empty = false;

	while (rest->len > 0) {
		struct slice before = *rest;
		struct slice line = next_line(rest);

		if (after_empty &&
		    begins_message(line, true, *rest, &ignored)) {
			*rest = before;
			return slice_first(all, end);
		}
		after_empty = without_end(line).len == 0;
		end = (size_t)(line.ptr - all.ptr) +
		      (after_empty ? 0 : line.len);
	}
	return slice_first(all, end);
}

/* -- mbox's own header fields -- */

static void take_flags(struct slice value, struct transfer_message *m)
{
	static const struct {
		char letter;
		uint8_t flag;
	} letters[] = {
		{ 'R', FLAG_SEEN },    { 'A', FLAG_ANSWERED },
		{ 'F', FLAG_FLAGGED }, { 'T', FLAG_DRAFT },
		{ 'D', FLAG_DELETED },
	};

	for (size_t i = 0; i < value.len; i++)
		for (size_t k = 0; k < sizeof letters / sizeof letters[0]; k++)
			if (letters[k].letter == value.ptr[i])
				m->flags |= letters[k].flag;
}

static void take_keywords(struct slice value, struct transfer_message *m)
{
	while (value.len > 0)
		transfer_add_keyword(m, next_word(&value));
}

static const struct own_field {
	struct slice name;
	bool folds; /* a line that begins with a space belongs to it */
	void (*take)(struct slice value, struct transfer_message *);
} own_fields[] = {
	{ { "Status:", 7 }, false, take_flags },
	{ { "X-Status:", 9 }, false, take_flags },
	{ { "X-Keywords:", 11 }, true, take_keywords },
};

/* The field that the line begins, or NULL. */
static const struct own_field *own_field(struct slice line)
{
	for (size_t i = 0; i < sizeof own_fields / sizeof own_fields[0]; i++)
		if (slice_istarts(line, own_fields[i].name))
			return &own_fields[i];
	return NULL;
}

/* Does the line go with the message? */
static bool is_kept(struct slice line, struct mbox_header *h)
{
	struct slice text = without_end(line);
	const struct own_field *field;

	if (h->over)
		return true;
	if (text.len == 0)
		h->over = true;
	else if (h->folding && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		return false;
	field = own_field(text);
	h->folding = field != NULL && field->folds;
	return field == NULL;
}

static void read_own_fields(struct slice text, struct transfer_message *m)
{
	struct slice line = without_end(next_line(&text));

	for (; line.len > 0; line = without_end(next_line(&text))) {
		const struct own_field *field = own_field(line);

		if (field != NULL)
			field->take(slice_from(line, field->name.len), m);
	}
}

/* -- reading -- */

bool mbox_next(struct slice *rest, struct mbox_message *out)
{
	bool after_empty = true;

	*out = (struct mbox_message){ 0 };
	while (rest->len > 0) {
		struct slice line = next_line(rest);
		bool begins;

		out->meta = (struct transfer_message){ 0 };
		begins = begins_message(line, after_empty, *rest, &out->meta);

		after_empty = without_end(line).len == 0;
		if (!begins)
			continue;
		out->text = cut_message(rest);
		read_own_fields(out->text, &out->meta);
		return true;
	}
	return false;
}

bool mbox_is_one(struct slice file)
{
	struct transfer_message ignored;
	bool is_blank = true;
	bool after_empty = true;

	while (file.len > 0) {
		struct slice line = next_line(&file);

		if (begins_message(line, after_empty, file, &ignored))
			return true;
		after_empty = without_end(line).len == 0;
		is_blank = is_blank && after_empty;
	}
	return is_blank;
}

/* A line that begins with any number of '>' and then "From ". */
static bool is_quoted(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[n] == '>')
		n++;
	return slice_starts(slice_from(line, n), S("From "));
}

bool mbox_text(struct mbox_message *m, size_t most, struct buf *out)
{
	size_t at_first = out->len;

	while (m->text.len > 0 && out->len - at_first < most) {
		struct slice line = next_line(&m->text);

		if (!is_kept(line, &m->header))
			continue;
		if (line.ptr[0] == '>' && is_quoted(line))
			line = slice_from(line, 1);
		buf_add(out, line);
	}
	return m->text.len > 0;
}

/* -- writing -- */

static void put_date(int64_t date, struct buf *out)
{
	time_t when = (time_t)date;
	struct tm t = { 0 };
	char text[64];

	gmtime_r(&when, &t);
	strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &t);
	buf_add(out, slice_cstr(text));
}

/* X-Keywords goes first: it folds, and the message may begin with a space. */
static void put_own_fields(const struct transfer_message *m, struct buf *out)
{
	if (m->n_keywords > 0)
		buf_add(out, S("X-Keywords:"));
	for (size_t i = 0; i < m->n_keywords; i++) {
		buf_byte(out, ' ');
		buf_add(out, m->keywords[i]);
	}
	if (m->n_keywords > 0)
		buf_byte(out, '\n');
	if ((m->flags & ~FLAG_SEEN) != 0)
		buf_printf(out, "X-Status: %s%s%s%s\n",
		           m->flags & FLAG_ANSWERED ? "A" : "",
		           m->flags & FLAG_FLAGGED ? "F" : "",
		           m->flags & FLAG_DRAFT ? "T" : "",
		           m->flags & FLAG_DELETED ? "D" : "");
	buf_printf(out, "Status: %sO\n", m->flags & FLAG_SEEN ? "R" : "");
}

void mbox_begin(struct mbox_writer *w, const struct transfer_message *m,
                struct buf *out)
{
	*w = (struct mbox_writer){ 0 };
	buf_add(out, S("From MAILER-DAEMON "));
	put_date(m->internaldate + m->zone * 60, out);
	if (m->zone != 0)
		buf_printf(out, " %c%02d%02d", m->zone < 0 ? '-' : '+',
		           abs(m->zone) / 60, abs(m->zone) % 60);
	buf_byte(out, '\n');
	put_own_fields(m, out);
}

static void put_line(struct mbox_writer *w, struct buf *out)
{
	struct slice line = buf_slice(&w->line);

	if (is_kept(line, &w->header)) {
		if (is_quoted(line))
			buf_byte(out, '>');
		buf_add(out, line);
	}
	w->line.len = 0;
}

void mbox_add(struct mbox_writer *w, struct slice bytes, struct buf *out)
{
	while (bytes.len > 0) {
		struct slice line = next_line(&bytes);

		buf_add(&w->line, line);
		if (slice_ends(line, S("\n")))
			put_line(w, out);
	}
}

void mbox_end(struct mbox_writer *w, struct buf *out)
{
	if (w->line.len > 0) {
		buf_byte(&w->line, '\n');
		put_line(w, out);
	}
	buf_byte(out, '\n');
	buf_free(&w->line);
}
