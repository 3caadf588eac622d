/*
 * metadata.h -- annotations of a mailbox and of the account. RFC 5464
 *
 * An entry is a name, in lower case and beginning with "/private/" (seen by
 * one user) or "/shared/" (by all who see the mailbox), and a value of any
 * octets. Entries belong to the mailbox, not to its name: they go along with
 * RENAME and end with DELETE; what INBOX is renamed to gets copies. Those of
 * the mailbox "" are the account's own.
 * `user` is the id of whose private entries are meant.
 */
#pragma once

#include "mailbox/account.h"

struct metadata_entry {
	struct slice name;
	struct slice value; /* ptr NULL: there is none, or shall be none */
};

/*
 * All of them or none; of several with one name the last counts. The mailbox
 * gets a new modification sequence.
 * ERR_NONEXISTENT, ERR_METADATA_MAXSIZE (a value is too long),
 * ERR_METADATA_TOOMANY (of one mailbox), ERR_OVERQUOTA, ERR_LIMIT (of the
 * account). Suspends.
 */
struct err mailbox_set_metadata(struct account *, uint64_t user,
                                struct slice mailbox,
                                const struct metadata_entry *, size_t n);

enum metadata_depth {
	METADATA_EXACT,    /* the entry itself, also when there is none */
	METADATA_CHILDREN, /* it and one level below it, as far as there are */
	METADATA_ALL,      /* it and all below it */
};

/* Calls fn for each entry, which may suspend when it has copied what it needs:
 * the slices point into the map. ERR_NONEXISTENT. Suspends. */
struct err mailbox_get_metadata(struct account *, uint64_t user,
                                struct slice mailbox, const struct slice *names,
                                size_t n, enum metadata_depth,
                                void (*fn)(void *ctx, struct metadata_entry),
                                void *ctx);
