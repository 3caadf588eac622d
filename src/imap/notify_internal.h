/*
 * notify_internal.h -- what one session listens for, for notify.c and
 * notify_hear.c alone.
 */
#pragma once

#include "imap/notify.h"
#include "imap/visit.h"
#include "imap/watch.h"

struct news {
	char *name; /* heap, as the next */
	char *oldname;
	struct buf entries; /* annotations, '\0' behind each */
	unsigned kinds;     /* enum notice_kind */
};

struct notify {
	struct session *session;
	struct arena *arena; /* the request's */
	struct notify_request request;
	struct notice_listener listener;
	struct grant_listener grants;
	struct watch *watches; /* of others' mailboxes */
	bool moved;            /* whose those are may have changed */
	struct news *news;     /* in the order in which they were heard first */
	size_t n_news;
	bool overflow;
};

/* What is asked for of a mailbox that has news of these kinds; 0 also when it
 * can't be found out. Who is no longer subscribed hears of that, too. */
unsigned notify_events_now(struct session *, struct slice name, unsigned kinds);

void news_free(struct news *);
void notify_drop_news(struct notify *); /* all of it */

/* Listeners; the argument is the struct notify. */
void notify_hear(void *, const struct notice *);
void notify_hear_grant(void *, struct slice identifier);
