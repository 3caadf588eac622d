/*
 * context.h -- results of SEARCH and SORT that are kept up to date.
 * RFC 5267 section 4.3
 *
 *	SEARCH RETURN (UPDATE ...) ──► context ──(the view changes)──► ADDTO,
 *	                                 │                           REMOVEFROM
 *	                                 └─ CANCELUPDATE, SELECT, too much ─►
 *gone
 *
 * What a context can't do any more it says itself: NO [NOUPDATE "tag"].
 */
#pragma once

#include "imap/search_answer.h"
#include "imap/sort_request.h"

struct context;

/* Before a command with UPDATE searches: is its tag free? And from where on
 * changes are news to its result. */
struct err context_begin(const struct session *, const struct search_request *,
                         uint64_t *since);

/* What the command has found, if it said UPDATE; args is its text, and parse
 * reads that. */
void context_keep(struct session *, struct slice args,
                  struct err (*parse)(struct cursor *, struct sort_request *),
                  const struct search_found *, uint64_t since);

/* UPDATE is not for this command. */
void context_refuse(struct session *);

/* Just before the client is told of expunges: what goes with them. Does not
 * suspend. */
void contexts_tell_expunges(struct session *);

/* When the client has been told of all else. Suspends. */
void contexts_tell(struct session *);

void contexts_free(struct session *);
