/*
 * esearch_sources.h -- which mailboxes an ESEARCH is about.
 * RFC 7377 section 2.2, RFC 5465 section 6
 */
#pragma once

#include "imap/internal.h"

enum source_kind {
	SOURCE_INBOXES, /* where mail is delivered */
	SOURCE_MAILBOXES,
	SOURCE_PERSONAL, /* all of the account's */
	SOURCE_SELECTED,
	SOURCE_SUBSCRIBED,
	SOURCE_SUBTREE,
	SOURCE_SUBTREE_ONE, /* and no deeper than children */
};

struct source {
	enum source_kind kind;
	struct slice *names; /* normal forms; "" is what all is below */
	size_t n;
};

struct sources {
	struct source *v;
	size_t n;
};

/* "(" filter-mailboxes *(SP filter-mailboxes) ")" */
struct sources parse_sources(struct cursor *);

/* Is this mailbox, which is not selected, among them? */
bool sources_have(const struct sources *, const struct mailbox_info *);

/* Is the selected one asked for as such; is nothing else? */
bool sources_have_selected(const struct sources *);
bool sources_have_others(const struct sources *);

/* What of them lives with others, from whose text `after` stood behind; v is
 * one's own list (esearch_others.c). ERR_LIMIT, and what they answer.
 * Suspends. */
struct err esearch_others(struct session *, const struct sources *,
                          struct slice after, const struct mailbox_info *v,
                          size_t n);
