/*
 * owners.h -- whose mailboxes names are about, if they are not our own.
 *
 * An owner is known by what all names of his mailboxes begin with here,
 * "Other Users/NAME/". He is asked only for what is his: of the names that a
 * command has, those that lie with him.
 */
#pragma once

#include "imap/internal.h"

/* What a name of a mailbox stands for. */
enum reach {
	REACH_MAILBOX,
	REACH_CHILDREN, /* it, and no deeper than what is right below */
	REACH_SUBTREE,
};

struct owners {
	struct slice *v; /* prefixes, in the command's arena */
	size_t n;
};

/* Those whom a name can mean, each once. ERR_LIMIT, ERR_UNAVAILABLE.
 * Suspends. */
struct err owners_add(struct session *, struct owners *, struct slice name,
                      enum reach);

/* The names to be said to an owner: his own, and his prefix (which he reads as
 * "", what all is below) for one that is above. `out` has room for n. */
size_t owners_names(struct session *, struct slice owner,
                    const struct slice *names, size_t n, enum reach,
                    struct slice *out);
