/*
 * alert_post.h -- an alert on its way to a mailbox here, or to a webhook.
 *
 *	try ──► failed ──► a pause, longer each time ──► try ...
 *	 └──► done                                        └──► given up
 *
 * Each is a task of its own, and there are only so many: none waits for
 * another, and nobody for them. Mail to an owner that can't be delivered
 * goes to the administrators.
 */
#pragma once

#include "auth/internal.h"
#include "guard/alert.h"

enum { POSTS_MOST = 64 }; /* mail; and as many to webhooks */

struct alert_post;

/* Zeroed it is empty. */
struct alert_posts {
	struct alert_post *first;
	unsigned n[2]; /* mail, webhooks */
};

/* The loop has stopped: none goes on. */
void alert_posts_free(struct alert_posts *);

/* To all who are to be told of such a one. */
void alert_post_all(struct auth *, const struct alert *);

/* One try, now; place is one of the option's, not "owner". Suspends. */
struct err alert_post_try(struct auth *, const struct alert *,
                          struct slice place);
