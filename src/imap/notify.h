/*
 * notify.h -- NOTIFY: what a client wants to be told of, at any time.
 * RFC 5465
 *
 * A session that has never said NOTIFY has no struct notify: it hears of the
 * selected mailbox with its commands and while it idles. Of a mailbox that is
 * in several groups it is told what any of them asks for.
 *
 * Others' mailboxes are watched where they live (watch.h); there, in a visit,
 * names are those of the owner, "" what all are below.
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
	/* what there is to be told of another's mailbox */
	NOTIFY_ELSEWHERE = NOTIFY_MESSAGES | NOTICE_NAME | NOTICE_METADATA,
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
	bool fresh;  /* of a visit: all there are have just come to be */
};

struct err parse_notify(struct cursor *, struct notify_request *);

/* "(MessageNew ...)" */
void notify_write_events(struct buf *, unsigned events);

/* What is asked for of a mailbox, were it not selected: enum notice_kind.
 * others: it is not the session's own. */
unsigned notify_events_of(const struct notify_request *, struct slice name,
                          bool others, bool subscribed);
/* What the session has asked for last; NULL: it never has. */
const struct notify_request *notify_asked(const struct session *);

/* The group of the selected mailbox. */
const struct notify_group *notify_selected(const struct notify_request *);

/* -- for the session -- */

/* News of other mailboxes. Suspends. */
void notify_tell(struct session *);
void notify_stop(struct session *);

/* Of the selected one, outside commands too: anything; expunges; changes of
 * flags. */
bool notify_wants_selected(const struct session *);
bool notify_allows_expunges(const struct session *);
bool notify_wants_flags(const struct session *);

/* "(" fetch-att ... ")", which is shown of new messages; or "" */
struct slice notify_items(const struct session *);
