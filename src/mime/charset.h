/*
 * charset.h -- from a named charset to UTF-8, in pieces.
 *
 * Names are looked up in a table of ours: only what mail uses is ever
 * handed to iconv, and never in the spelling of the message. UTF-8 and the
 * Latin ones are converted here, without iconv.
 */
#pragma once

#include <iconv.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum charset_kind {
	/* US-ASCII, none given, unknown: well-formed UTF-8 is taken as such,
	 * all other bytes as Latin-1 */
	CHARSET_GUESS,
	CHARSET_UTF8,
	CHARSET_LATIN1, /* with the additions of windows-1252 */
	CHARSET_ICONV,
};

struct charset {
	enum charset_kind kind;
	const char *iconv_name; /* for CHARSET_ICONV; static */
};

/* False, and CHARSET_GUESS, for a name that is not in the table. */
bool charset_find(struct slice name, struct charset *out);

/* Zeroed: CHARSET_GUESS. */
struct converter {
	enum charset_kind kind;
	iconv_t cd;
};

struct converter converter_open(struct charset);
void converter_close(struct converter *);

/*
 * Opens one for each charset. Until charset_unload_all() none needs a file,
 * here or in a process forked from here, which may have lost sight of all
 * files; and what they are made of is there once for all of these.
 */
struct converter *charset_load_all(void);
void charset_unload_all(struct converter *);

/*
 * Appends in as UTF-8 and says how many bytes it has used: all of them when
 * `last`, else perhaps not the few that begin an unfinished character.
 * Broken bytes become U+FFFD.
 */
size_t converter_run(struct converter *, struct slice in, bool last,
                     struct buf *out);
