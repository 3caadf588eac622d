/* log.c -- a line is built on the stack and written with one call. */
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/unicode.h"

/* Set when the process starts and when it is configured anew. */
static struct {
	const char *process;
	enum log_level last;
	bool to_journal;
} settings = { "roost", LOG_LEVEL_INFO, false };

/* systemd names the device and inode of the journal's stream, which standard
 * error need not be. */
static bool is_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char text[48];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev,
	         (uintmax_t)st.st_ino);
	return strcmp(stream, text) == 0;
}

void log_init(const char *process, enum log_level last)
{
	settings.process = process;
	settings.last = last;
	settings.to_journal = is_to_journal();
}

void log_set_level(enum log_level last)
{
	settings.last = last;
}

bool log_is_on(enum log_level level)
{
	return level <= settings.last;
}

/* One byte of the line is kept for the newline. */
static void add(struct log_line *l, struct slice s)
{
	size_t room = LOG_LINE - 1 - l->len;

	if (s.len == 0)
		return;
	s = slice_first(s, room);
	memcpy(l->text + l->len, s.ptr, s.len);
	l->len += s.len;
}

static void add_moment(struct log_line *l)
{
	struct timespec now;
	struct tm tm;
	char text[40];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	add(l, slice_of(text, n));
	snprintf(text, sizeof text, ".%03dZ", (int)(now.tv_nsec / 1000000));
	add(l, slice_cstr(text));
}

static void add_time(struct log_line *l)
{
	add(l, S("ts="));
	add_moment(l);
}

struct log_line log_open(enum log_level level, const char *event)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	/* the priorities of syslog(3), which the journal takes off the line */
	static const char *const priorities[] = { "<3>", "<4>", "<6>", "<7>" };
	struct log_line l;

	l.len = 0;
	l.on = log_is_on(level);
	if (!l.on)
		return l;
	if (settings.to_journal)
		add(&l, slice_cstr(priorities[level]));
	add_time(&l);
	log_text(&l, "level", slice_cstr(names[level]));
	log_text(&l, "proc", slice_cstr(settings.process));
	log_text(&l, "event", slice_cstr(event));
	return l;
}

struct log_line log_record(const char *event)
{
	struct log_line l;

	l.len = 0;
	l.on = true;
	add_time(&l);
	log_text(&l, "event", slice_cstr(event));
	return l;
}

/* -- values -- */

/* Does not need quotes around the value it stands in. */
static bool is_plain(char c)
{
	return !ascii_is_ctl(c) && !ascii_is_8bit(c) && c != ' ' && c != '"' &&
	       c != '\\' && c != '=';
}

static bool needs_quotes(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (!is_plain(value.ptr[i]))
			return true;
	}
	return value.len == 0;
}

static void add_escaped_byte(struct log_line *l, char c)
{
	char text[5];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof text, "\\%c", c);
	else
		snprintf(text, sizeof text, "\\x%02x", (unsigned char)c);
	add(l, slice_cstr(text));
}

/* A character that may stand in the line as it is. C1 controls may not:
 * terminals obey them as they obey escape sequences. */
static bool is_shown(struct slice sequence)
{
	uint32_t point = utf8_take(&sequence);

	return point >= 0xa0 ||
	       (point >= ' ' && point < 127 && point != '"' && point != '\\');
}

static void add_quoted(struct log_line *l, struct slice value)
{
	add(l, S("\""));
	while (value.len != 0) {
		struct slice rest = value;
		struct slice one;

		utf8_take(&rest);
		one = slice_first(value, value.len - rest.len);
		value = rest;
		if (utf8_is_valid(one) && is_shown(one)) {
			add(l, one);
			continue;
		}
		for (size_t i = 0; i < one.len; i++)
			add_escaped_byte(l, one.ptr[i]);
	}
	add(l, S("\""));
}

static void add_key(struct log_line *l, const char *key)
{
	add(l, S(" "));
	add(l, slice_cstr(key));
	add(l, S("="));
}

void log_text(struct log_line *l, const char *key, struct slice value)
{
	if (!l->on)
		return;
	value = slice_first(value, LOG_VALUE);
	add_key(l, key);
	if (needs_quotes(value))
		add_quoted(l, value);
	else
		add(l, value);
}

void log_number(struct log_line *l, const char *key, uint64_t value)
{
	char text[24];

	if (!l->on)
		return;
	snprintf(text, sizeof text, "%" PRIu64, value);
	add_key(l, key);
	add(l, slice_cstr(text));
}

void log_close(struct log_line *l)
{
	ssize_t n;

	if (!l->on)
		return;
	l->text[l->len++] = '\n';
	n = write(STDERR_FILENO, l->text, l->len);
	(void)n; /* there is nobody left to tell */
}

void log_foreign(struct slice text)
{
	struct log_line l = { .on = LOG_LEVEL_INFO <= settings.last };

	if (!l.on)
		return;
	add_moment(&l);
	add(&l, S(" "));
	add(&l, text);
	log_close(&l);
}

void log_note(enum log_level level, const char *event, const char *text)
{
	struct log_line l = log_open(level, event);

	if (text != NULL && text[0] != '\0')
		log_text(&l, "text", slice_cstr(text));
	log_close(&l);
}
