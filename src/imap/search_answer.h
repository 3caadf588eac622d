/*
 * search_answer.h -- what was found, told in the form that was asked for.
 *
 * SEARCH, SORT or ESEARCH; MODSEQ where a key asks for it; and what "$"
 * stands for from then on. RFC 9051 sections 6.4.4.1 and 7.3.4, RFC 5267
 * section 3, RFC 7162 section 3.1.6, RFC 9394 section 3
 */
#pragma once

#include "imap/search.h"

struct search_found {
	struct view *view; /* in which it was searched */
	bool uid;          /* told as UIDs */
	bool named;        /* with mailbox and UIDVALIDITY, RFC 7377 */
	struct uidset uids;
	const uint32_t *order; /* the same UIDs as SORT has them; or NULL */
	uint64_t n;
	struct relevancy relevancy;
};

/* Nothing yet, of a command in the selected mailbox. */
struct search_found search_found_of(struct session *);
void search_found_free(struct search_found *);

/* "* SEARCH", or another word in its place. Suspends. */
struct err search_answer(struct session *, const struct search_request *,
                         const struct search_found *, struct slice word);
