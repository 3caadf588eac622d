/*
 * search_parser.h -- what search_parse.c and mimepart_parse.c share: the keys
 * that are open.
 */
#pragma once

#include "base/limits.h"
#include "imap/search.h"

struct search_parser {
	struct cursor *c;
	bool modseq;   /* there is such a key */
	bool numbers;  /* and one of message numbers */
	bool fuzzy;    /* and FUZZY */
	bool mimepart; /* MIMEPART is open: its keys are others */
	struct slice charset;
	struct search_key *open[LIMIT_DEPTH]; /* open[0]: the whole program */
	bool parenthesis[LIMIT_DEPTH];        /* closed by ")" */
	bool single[LIMIT_DEPTH];             /* by its child: NOT, FUZZY */
	size_t depth;
	size_t keys;
	unsigned part_keys; /* of the MIMEPART that is open */
};

struct search_key *search_add_key(struct search_parser *, enum search_kind);
void search_open_key(struct search_parser *, enum search_kind,
                     bool parenthesis);

/* In UTF-8, folded as the digest is; in the arena. */
struct slice search_fold(struct search_parser *, struct slice raw);

/* "MIMEPART" SP mpart-key: its name has been read. */
void search_open_mimepart(struct search_parser *);

/* One step into an mpart-key; true when a leaf was read. */
bool search_mimepart_step(struct search_parser *);
