/*
 * log.h -- one line per event, key=value.
 *
 *	struct log_line l = log_open(LOG_LEVEL_INFO, "imap_login");
 *	log_text(&l, "user", name);
 *	log_number(&l, "port", port);
 *	log_close(&l);
 *
 * gives one line (standard error, or the journal behind it)
 *
 *	ts=2026-11-21T04:30:00.123Z level=info proc=mail/0
 *	event=imap_login user=demo@example.org port=1993
 *
 * The journal is told the level, too (journalctl -p err).
 *
 * Foreign bytes can't break a line: control characters, quotes, backslashes
 * and 8-bit bytes that are not UTF-8 are escaped, a value is cut at
 * LOG_VALUE bytes. Never log message content or credentials.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { LOG_LINE = 4096, LOG_VALUE = 1000 };

enum log_level {
	LOG_LEVEL_ERROR, /* a person must act */
	LOG_LEVEL_WARN,  /* we coped */
	LOG_LEVEL_INFO,  /* one a session, one a delivery */
	LOG_LEVEL_DEBUG,
};

struct log_line {
	size_t len;
	bool on;
	char text[LOG_LINE];
};

/* Once a process: its name in every line ("gate/0"; must stay valid), and
 * the last level that is written. */
void log_init(const char *process, enum log_level last);
void log_set_level(enum log_level last);

/* Is that written? For lines so frequent that even an unwritten one costs. */
bool log_is_on(enum log_level);

struct log_line log_open(enum log_level level, const char *event);

/* A line for another file than the log: "ts=... event=...", without level and
 * process. log_close() is not for it. */
struct log_line log_record(const char *event);

void log_text(struct log_line *, const char *key, struct slice value);
void log_number(struct log_line *, const char *key, uint64_t value);
void log_close(struct log_line *);

/* A line in the form of another program, for those who read that: the time,
 * then the text, which has no control characters. */
void log_foreign(struct slice text);

/* The common short form: an event with one text, or ("") none. */
void log_note(enum log_level level, const char *event, const char *text);
