/*
 * grammar.h -- the productions that many commands share.
 *
 * Every parser takes the cursor behind what it has read; slices point into
 * the command's text or, where something had to be undone, into the arena.
 * RFC 9051 section 9
 */
#pragma once

#include "imap/cursor.h"

/* -- characters -- */

bool is_astring_char(char); /* ATOM-CHAR or "]" */

/* -- numbers -- */

uint32_t parse_number(struct cursor *);
uint32_t parse_nz_number(struct cursor *);
uint64_t parse_number64(struct cursor *); /* 63 bits */

/* -- words -- */

struct slice parse_atom(struct cursor *);
struct slice parse_tag(struct cursor *);
struct slice parse_string(struct cursor *);
struct slice parse_astring(struct cursor *);
/* NIL is a slice whose ptr is NULL; "" is not. */
struct slice parse_nstring(struct cursor *);
/* nstring / literal8: any octets */
struct slice parse_nstring8(struct cursor *);

/* -- mailbox names -- */

/*
 * A name as the client wrote it, in UTF-8: modified UTF-7 undone unless the
 * session has UTF-8 names. ERR_CANNOT when it is not well encoded.
 */
struct slice parse_mailbox_utf8(struct cursor *);

/* The same without the cursor's prefix; ERR_NONEXISTENT when it begins
 * otherwise. */
struct slice parse_mailbox_asked(struct cursor *);

/* That in normal form (mailbox/name.h); ERR_CANNOT for what no mailbox can be
 * called. */
struct slice parse_mailbox(struct cursor *);

/* Or "", what all names are below: nothing but the cursor's prefix. */
struct slice parse_mailbox_or_root(struct cursor *);

/* list-mailbox, as on the wire: wildcards are allowed outside quotes */
struct slice parse_list_mailbox(struct cursor *);

/* From the wire's form of mailbox names to UTF-8, in the arena or where it is.
 * False: no name is written so. */
bool decode_mailbox(struct cursor *, struct slice wire, struct slice *out);

/* -- flags -- */

/* \Recent and system flags that we don't know are read and left out. */
struct flag_list {
	uint8_t flags; /* enum message_flag */
	struct slice *keywords;
	size_t n_keywords;
};

struct flag_list parse_flag_list(struct cursor *); /* "(" has been taken */
struct flag_list parse_flags(struct cursor *);     /* flag *(SP flag) */

/* -- dates -- */

/* date-time = DQUOTE date-day-fixed "-" ... zone DQUOTE */
struct date_time {
	int64_t seconds; /* since 1970, UTC */
	int16_t zone;    /* minutes east of UTC */
};

struct date_time parse_date_time(struct cursor *);

/* date: days since 1970-01-01 */
int64_t parse_date(struct cursor *);

/* -- sets of messages -- */

/* Numbers as written; 0, which no nz-number can be, stands for "*". */
struct seq_range {
	uint32_t first;
	uint32_t last;
};

struct seq_set {
	struct seq_range *v;
	size_t n;
	bool saved; /* "$", RFC 5182: then there is nothing in v */
};

struct seq_set parse_sequence_set(struct cursor *);
