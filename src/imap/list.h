/*
 * list.h -- LIST, LSUB and XLIST: what is asked for, and its responses.
 *
 * XLIST is what Gmail had before RFC 6154, and some clients still say: LIST
 * with names of its own for special uses.
 */
#pragma once

#include "imap/metadata.h"
#include "mailbox/pattern.h"

enum list_select {
	SELECT_SUBSCRIBED = 1 << 0,
	SELECT_REMOTE = 1 << 1,
	SELECT_SPECIAL_USE = 1 << 2,
	SELECT_RECURSIVEMATCH = 1 << 3,
};

enum list_return {
	RETURN_SUBSCRIBED = 1 << 0,
	RETURN_CHILDREN = 1 << 1,
	RETURN_SPECIAL_USE = 1 << 2,
	RETURN_STATUS = 1 << 3,
	RETURN_METADATA = 1 << 4,
	RETURN_MYRIGHTS = 1 << 5,
};

struct list_request {
	bool lsub;
	bool xlist;
	unsigned select;                  /* enum list_select */
	unsigned returns;                 /* enum list_return */
	struct slice returned;            /* " RETURN (...)" as it was sent */
	unsigned status;                  /* items of RETURN (STATUS (...)) */
	struct metadata_request metadata; /* RETURN (METADATA (...)) */
	struct slice reference;
	bool nowhere; /* the reference is not well encoded: no name has it */
	struct pattern **patterns;
	struct slice *texts; /* of the patterns, with the reference */
	size_t n_patterns;
	bool root; /* the pattern is "": what is the delimiter? */
};

struct err parse_list(struct cursor *, struct list_request *);
struct err parse_lsub(struct cursor *, struct list_request *);
struct err parse_xlist(struct cursor *, struct list_request *);

/* "* LIST (", or LSUB's or XLIST's word */
void reply_list_begin(struct session *, const struct list_request *);

/* One line of LIST or LSUB. */
struct list_row {
	struct mailbox_info info;
	bool childinfo;       /* ("CHILDINFO" ("SUBSCRIBED")) */
	bool more;            /* STATUS and so on are told of it, too */
	bool noaccess;        /* it may not be read: RFC 5465 section 3.1 */
	struct slice oldname; /* ("OLDNAME" (name)), if not empty */
};

void reply_list_row(struct session *, const struct list_request *,
                    const struct list_row *);

/* What is to be said of one name, whoever asks; it need be no mailbox.
 * Suspends. */
struct err list_find(struct session *, struct slice name,
                     struct mailbox_info *out);

/* What SELECT says of its mailbox in rev2. RFC 9051 section 6.3.2 */
void reply_list_selected(struct session *, struct slice asked);

/* What the server made of a name, also of one that it has just deleted.
 * RFC 9051 section 6.3.9.7 */
void reply_list_renamed(struct session *, struct slice name,
                        struct slice asked);
