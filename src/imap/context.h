/*
 * context.h -- results of SEARCH and SORT that are kept up to date.
 * RFC 5267 section 4.3
 *
 *	SEARCH RETURN (UPDATE ...) ──► context ──(the view changes)──► ADDTO,
 *	                                 │                           REMOVEFROM
 *	       gone ◄── CANCELUPDATE, ───┘
 *	                SELECT, too much
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
void context_refuse(struct session *, const char *why);

/* Just before the client is told of expunges: what goes with them. Does not
 * suspend. */
void contexts_tell_expunges(struct session *);

/* When the client has been told of all else: what has changed in the results;
 * and then it is told. Both suspend. */
void contexts_look(struct session *);
void contexts_tell(struct session *);

/* Between the two: the messages that have just come and join a result of which
 * UPDATE has asked to be shown them. RFC 5465 section 7 */
void contexts_joining(const struct session *, struct uidset *out);

/* What UPDATEs have asked for of one of these: at most LIMIT_CONTEXTS lists.
 * Leaves of `same` those of which the same is asked for. */
size_t contexts_items(const struct session *, uint32_t uid,
                      struct slice items[], struct uidset *same);

void contexts_free(struct session *);
