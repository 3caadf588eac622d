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
#include "imap/relevancy.h"
#include "mime/digest.h"
#include "mime/fuzzy.h"
#include "store/blob.h"

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
	SEARCH_FIELD, /* text in a field that the digest has */
	SEARCH_PART,  /* of a part: what BODYSTRUCTURE says (mimepart.h) */
	SEARCH_PART_PARENT,
	SEARCH_PART_CHILD,
	SEARCH_MIMEPART,
	SEARCH_HEADER,      /* text in any other field */
	SEARCH_PART_HEADER, /* the same of a part, and so on */
	SEARCH_BODY,
	SEARCH_TEXT,
	SEARCH_PART_BODY,
	SEARCH_KINDS
};

enum search_match {
	MATCH_CONTAINS,
	MATCH_IS,
	MATCH_BEGINS,
	MATCH_ENDS,
};

struct search_key {
	enum search_kind kind;
	enum search_kind cost;    /* the dearest kind in this tree */
	struct search_key *child; /* first */
	struct search_key *last;  /* child */
	struct search_key *next;  /* sibling */
	struct seq_set set;
	bool uid;
	bool is_fuzzy; /* it stands below FUZZY */
	uint8_t mask;
	uint8_t want;
	bool absent;             /* NIL: there is to be none */
	enum search_match match; /* of a part's text */
	unsigned number;   /* of a key of MIMEPART: how many stood before it */
	unsigned field;    /* enum digest_field; enum part_test */
	struct slice name; /* of a header field or keyword; an object id */
	struct slice text; /* UTF-8, folded */
	const struct fuzzy *fuzzy; /* in its place; NULL: as it is */
	int64_t day;               /* since 1970-01-01 */
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
	SEARCH_RELEVANCY = 1 << 7, /* RFC 6203 section 4 */
	/* only of these there is something in the answer */
	SEARCH_RESULTS = SEARCH_MIN | SEARCH_MAX | SEARCH_RETURN_ALL |
	                 SEARCH_COUNT | SEARCH_SAVE | SEARCH_PARTIAL,
};

struct search_request {
	bool extended; /* RETURN was there */
	unsigned returns;
	struct partial_range partial;
	struct slice items; /* of UPDATE: "(" fetch-att ... ")", or "" */
	bool has_charset;
	bool whole;   /* of a part of the messages there is no answer */
	bool modseq;  /* there is a MODSEQ key: the answer has one too */
	bool numbers; /* there are message numbers among the keys */
	bool fuzzy;   /* there is a FUZZY key */
	bool scored;  /* it matters how well each message matches */
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

/* Whether the session may ask so. ERR_UIDREQUIRED, ERR_SYNTAX */
struct err search_allowed(const struct session *,
                          const struct search_request *);

/* The UIDs in the view, the session's or that of another mailbox, that match,
 * and how well each of them does if that matters; else relevancy may be NULL.
 * ERR_CLOSED when the client has gone. Suspends. */
struct err search_run(struct session *, struct view *,
                      const struct search_request *, struct uidset *out,
                      struct relevancy *);

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

/* HEADER in that header: how well the best of its fields matches. Suspends. */
struct err search_header(struct blob_reader *, struct span,
                         const struct search_key *, unsigned *score);

/* HEADER, BODY, TEXT: looks into the message. The score is 0 when it doesn't
 * match. Suspends. */
struct err search_message(struct session *, struct mailbox *, uint32_t uid,
                          const struct search_key *, unsigned *score);
