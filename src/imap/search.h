/*
 * search.h -- a SEARCH as it was asked for, and how it is answered.
 *
 * Keys form a tree: AND, OR and NOT have children, all others are leaves.
 * Its depth is bounded by the parser (LIMIT_DEPTH). Every key is a filter
 * on a set of UIDs; the cheap ones of an AND run first, so that the dear
 * ones see few messages.
 */
#pragma once

#include "imap/internal.h"
#include "imap/partial.h"

enum search_kind {
	SEARCH_AND,
	SEARCH_OR,
	SEARCH_NOT,
	/* in the order of their cost */
	SEARCH_ALL,
	SEARCH_NONE, /* NEW, RECENT: there are no recent messages */
	SEARCH_SET,  /* message numbers, or UIDs if `uid` */
	SEARCH_FLAG, /* (flags & mask) == want */
	SEARCH_KEYWORD,
	SEARCH_MODSEQ, /* at least modseq */
	SEARCH_BEFORE, /* INTERNALDATE */
	SEARCH_ON,
	SEARCH_SINCE,
	SEARCH_OLDER, /* the same, in seconds from now: RFC 5032 */
	SEARCH_YOUNGER,
	SEARCH_SAVEDBEFORE, /* when it came to the mailbox: RFC 8514 */
	SEARCH_SAVEDON,
	SEARCH_SAVEDSINCE,
	SEARCH_LARGER,
	SEARCH_SMALLER,
	SEARCH_SENTBEFORE, /* Date: */
	SEARCH_SENTON,
	SEARCH_SENTSINCE,
	SEARCH_EMAILID,
	SEARCH_THREADID,
	SEARCH_FIELD,  /* text in a field that the digest has */
	SEARCH_HEADER, /* text in any other */
	SEARCH_BODY,
	SEARCH_TEXT,
	SEARCH_KINDS
};

struct search_key {
	enum search_kind kind;
	enum search_kind cost;    /* the dearest kind in this tree */
	struct search_key *child; /* first */
	struct search_key *last;  /* child */
	struct search_key *next;  /* sibling */
	struct seq_set set;
	bool uid;
	uint8_t mask;
	uint8_t want;
	unsigned field;    /* enum digest_field */
	struct slice name; /* of a header field or keyword; an object id */
	struct slice text; /* UTF-8, folded */
	int64_t day;       /* since 1970-01-01 */
	uint64_t size;
	uint64_t modseq;
	int64_t seconds; /* before now */
};

enum search_return {
	SEARCH_MIN = 1 << 0,
	SEARCH_MAX = 1 << 1,
	SEARCH_RETURN_ALL = 1 << 2,
	SEARCH_COUNT = 1 << 3,
	SEARCH_SAVE = 1 << 4,
	SEARCH_PARTIAL = 1 << 5,
	SEARCH_UPDATE = 1 << 6,
	/* only of these there is something in the answer */
	SEARCH_RESULTS = SEARCH_MIN | SEARCH_MAX | SEARCH_RETURN_ALL |
	                 SEARCH_COUNT | SEARCH_SAVE | SEARCH_PARTIAL,
};

struct search_request {
	bool extended; /* RETURN was there */
	unsigned returns;
	struct partial_range partial;
	bool has_charset;
	bool whole;   /* of a part of the messages there is no answer */
	bool modseq;  /* there is a MODSEQ key: the answer has one too */
	bool numbers; /* there are message numbers among the keys */
	struct search_key *root;
};

/* search = "SEARCH" SP ... */
struct err parse_search(struct cursor *, struct search_request *);

/* [search-return-opts SP] search-program, to the end */
void parse_search_program(struct cursor *, struct search_request *);

/* [search-return-opts SP] */
void parse_search_returns(struct cursor *, struct search_request *);

/* charset 1*(SP search-key), RFC 5256 section 5; to the end */
void parse_search_criteria(struct cursor *, struct search_request *);

/* The UIDs in the view, the session's or that of another mailbox, that match.
 * ERR_CLOSED when the client has gone. Suspends. */
struct err search_run(struct session *, struct view *,
                      const struct search_request *, struct uidset *out);

/* The same among these, of the selected mailbox, as part of no command. */
struct err search_among(struct session *, const struct search_request *,
                        const struct uidset *among, struct uidset *out);

/* session_resolve() among the messages of another mailbox, where "$" has none
 * (resolve.c). */
struct err session_resolve_in(struct session *, struct view *,
                              const struct seq_set *, enum set_kind,
                              struct uidset *out);

/* What a command that searched answers, whose error this is: after a NO
 * nothing is saved. RFC 9051 section 6.4.4.1 */
struct err search_end(struct session *, const struct search_request *,
                      struct err);

/* HEADER, BODY, TEXT: looks into the message. Suspends. */
struct err search_message(struct session *, struct mailbox *, uint32_t uid,
                          const struct search_key *, bool *matches);
