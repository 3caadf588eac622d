/*
 * ranks.h -- how the messages of a mailbox compare by one text, remembered.
 *
 * Messages don't change, so what was found out by reading a large part of a
 * mailbox holds for those messages as long as there are any: an open mailbox
 * keeps it for the text that it was sorted by last, 8 octets a message. Who
 * sorts by that text again, as mail clients do that come back, reads none,
 * unless there are messages that have come since.
 */
#pragma once

#include "mailbox/internal.h"
#include "mime/digest.h"

enum { RANKS_LEAST = 1000 }; /* of fewer it is not worth the memory */

struct rank {
	uint32_t uid;
	uint32_t rank; /* texts are equal when these are */
};

struct ranks {
	enum digest_field text;
	struct rank *v; /* by UID */
	size_t n;
};

/*
 * What the mailbox remembers of that text; NULL: nothing. It is the caller's
 * then, who may suspend and gives it back, or something better.
 */
struct ranks *ranks_take(struct mailbox *, enum digest_field text);
void ranks_give(struct mailbox *, struct ranks *);

struct ranks *ranks_new(enum digest_field text, size_t n);
void ranks_free(struct ranks *); /* or NULL */

/* The next one for `uid`, which rises from call to call; *at is 0 at first.
 * NULL: there is none. */
const struct rank *ranks_find(const struct ranks *, uint32_t uid, size_t *at);
