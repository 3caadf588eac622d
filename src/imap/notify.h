/*
 * notify.h -- NOTIFY: what a client wants to be told of, at any time.
 * RFC 5465
 *
 * A session that has never said NOTIFY has no struct notify: it hears of the
 * selected mailbox with its commands and while it idles. Of several groups
 * that a mailbox is in the first one counts.
 */
#pragma once

#include "imap/internal.h"
#include "mailbox/notice.h"

enum notify_filter {
	NOTIFY_SELECTED,
	NOTIFY_SELECTED_DELAYED, /* expunges only when a command allows */
	NOTIFY_PERSONAL,         /* and INBOXES: any may get mail */
	NOTIFY_SUBSCRIBED,
	NOTIFY_SUBTREE,
	NOTIFY_MAILBOXES,
};

enum {
	NOTIFY_MESSAGES = NOTICE_NEW | NOTICE_EXPUNGED | NOTICE_FLAGS,
	NOTIFY_NAMES = NOTICE_NAME | NOTICE_SUBSCRIPTION,
	NOTIFY_METADATA = NOTICE_METADATA | NOTICE_SERVER_METADATA,
};

struct notify_group {
	enum notify_filter filter;
	struct slice *names; /* of SUBTREE and MAILBOXES */
	size_t n_names;
	unsigned events;    /* enum notice_kind */
	struct slice items; /* "(" fetch-att ... ")" of MessageNew, or "" */
};

/* What was asked for; everything is in the cursor's arena. */
struct notify_request {
	struct notify_group *groups; /* none: NOTIFY NONE */
	size_t n;
	bool status; /* of all mailboxes asked for, now */
};

struct err parse_notify(struct cursor *, struct notify_request *);

/* The group that counts for a mailbox that is not selected, NULL: none. */
const struct notify_group *notify_group_of(const struct notify_request *,
                                           struct slice name, bool subscribed);
/* The group of the selected mailbox. */
const struct notify_group *notify_selected(const struct notify_request *);
