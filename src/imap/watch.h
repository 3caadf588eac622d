/*
 * watch.h -- others' mailboxes that NOTIFY is about.
 *
 * A watch is a visit (visit.h) that has been told NOTIFY for what of the
 * request lives with one owner, and from then on only tells:
 *
 *	session ──(NOTIFY SET ..., once)──► watch: listens there
 *	client ◄── what the watch says ◄──(any time)──┘
 *
 * The owner's session decides by its rights, notice by notice. A watch that
 * ends by itself has missed something: then so has the client, who is told
 * NOTIFICATIONOVERFLOW and asks again.
 *
 * The mailbox that is selected at an ordinary visit is told of by that one.
 */
#pragma once

#include "imap/notify.h"

struct watch;

/* Has a watch at each owner whom the request is about, and at no other; one
 * that is new says what there is there, if it is `fresh`. Who is not there, or
 * lets nobody in, has none. ERR_NOTIFICATIONOVERFLOW, ERR_UNAVAILABLE.
 * Suspends. */
struct err watches_sync(struct session *, const struct notify_request *,
                        struct watch **, bool fresh);

/* What they have said since. False: one can't go on. Suspends. */
bool watches_tell(struct session *, struct watch *);

void watches_end(struct watch **);

/* Tells the visit where a mailbox is selected what SELECTED asks for, and no
 * more of it. Both suspend. */
void notify_there(struct session *);
void notify_hush_there(struct session *);
