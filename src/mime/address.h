/*
 * address.h -- RFC 5322 address lists, one address after another.
 *
 *	struct address_parser p = address_parser_of(value);
 *	while (address_next(&p, &address)) ...
 *	address_parser_fini(&p);
 *
 * Understands groups, routes, comments and the obsolete forms, and makes
 * the best of what is none of these. Never looks at a character twice, so
 * the time is linear, and recursion there is none.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum address_kind {
	ADDRESS_MAILBOX,
	ADDRESS_GROUP,     /* the members follow; its name is in mailbox */
	ADDRESS_GROUP_END, /* always comes, even when the ";" is missing */
};

enum { ADDRESS_TEXT_MOST = 8192 }; /* octets of each part of an address */

/* Slices point into the parser; valid until the next call. Quotes and
 * escapes are removed, encoded words are not decoded. */
struct address {
	enum address_kind kind;
	bool has_name;        /* "" <a@b> has an empty one */
	struct slice name;    /* the phrase, or else the comment */
	struct slice route;   /* "@a,@b", or empty */
	struct slice mailbox; /* local part; may be empty */
	struct slice host;    /* empty when there is none */
};

struct address_parser {
	struct slice rest;
	bool in_group;

	/* of the address being read */
	struct buf words; /* as a phrase: words with single spaces */
	struct buf spec;  /* as an addr-spec: no spaces */
	struct buf route;
	struct buf comment; /* the last one */
	size_t name_len;    /* of words: those before the addr-spec */
	size_t at;          /* index of "@" in spec, or SLICE_NONE */
	bool has_name;
	bool space; /* white space or a comment came before */
};

struct address_parser address_parser_of(struct slice value);
void address_parser_fini(struct address_parser *);
bool address_next(struct address_parser *, struct address *out);
