/*
 * relevancy.h -- how well each message of a mailbox matches. RFC 6203 section 4
 *
 *	a FUZZY key      its score (mime/fuzzy.h)
 *	AND              the worst of its keys
 *	OR               its first key that matches
 *	NOT, all else    FUZZY_BEST
 */
#pragma once

#include "mailbox/view.h"

/* Zeroed: nobody wants to know. */
struct relevancy {
	struct view
		*view; /* in which it is searched, and which stays as it is */
	uint8_t *v;    /* by message number, from 0; FUZZY_BEST at first */
};

void relevancy_start(struct relevancy *, struct view *);
void relevancy_free(struct relevancy *);

/* A key matches that message; the worst of what is said of it counts. */
void relevancy_note(struct relevancy *, uint32_t uid, unsigned score);

/* What has been said up to now, on the heap; NULL if nobody wants to know. */
uint8_t *relevancy_now(const struct relevancy *);

/* Takes back, and frees, what has been said since then of those that are among
 * these and not in `except`. */
void relevancy_undo(struct relevancy *, uint8_t *then,
                    const struct uidset *among, const struct uidset *except);

unsigned relevancy_of(const struct relevancy *, uint32_t uid);
