/*
 * notice.h -- what has changed in an account, for who wants to hear of it.
 *
 * A view (view.h) tells one session of one mailbox, message by message. A
 * listener hears of all mailboxes that something has changed, as soon as it
 * is durable, and by whomever; it looks for itself what. RFC 5465
 */
#pragma once

#include "base/buf.h"
#include "mailbox/account.h"

enum notice_kind {
	NOTICE_NEW = 1 << 0,
	NOTICE_EXPUNGED = 1 << 1,
	NOTICE_FLAGS = 1 << 2,
	NOTICE_NAME = 1 << 3, /* made, deleted, or renamed */
	NOTICE_SUBSCRIPTION = 1 << 4,
	NOTICE_METADATA = 1 << 5,        /* an annotation of a mailbox */
	NOTICE_SERVER_METADATA = 1 << 6, /* or of none; name is "" */
	NOTICE_RIGHTS = 1 << 7,          /* others may do something with it */
};

struct notice {
	enum notice_kind kind;
	struct slice name;   /* of the mailbox, as it is called now */
	struct slice detail; /* its name before a RENAME; which annotation */
	uint64_t user;       /* whose annotation or \Seen; 0: everybody's */
	/* Of one that has moved because what is above it was renamed: that. */
	const struct notice *above;
	/* Of one that was deleted, and of NOTICE_RIGHTS: the list that it had
	 * (acl_read()). Else NULL. */
	const struct buf *acl;
};

struct notice_listener {
	struct notice_listener *next;
	/* Does not suspend; slices are valid during the call. */
	void (*hear)(void *arg, const struct notice *);
	void *arg;
};

/* The listener stays the caller's, until account_unlisten(). */
void account_listen(struct account *, struct notice_listener *);
void account_unlisten(struct account *, struct notice_listener *);
