/*
 * transfer.h -- what goes with a message's bytes from store to store.
 *
 * Everything that import reads and export writes is turned into this first:
 * Maildir and mbox know nothing of frames, and the frames nothing of them.
 */
#pragma once

#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"
#include "mailbox/record.h"

struct transfer_mailbox {
	struct slice name;    /* UTF-8, '/' between levels */
	uint32_t uidvalidity; /* 0: not known */
	uint32_t uidnext;     /* 0: not known */
	uint32_t first_uid;   /* of its messages, the lowest; 0: not known */
	bool subscribed;
	bool exists; /* false: a subscription without a mailbox */
};

struct transfer_message {
	uint32_t uid;         /* 0: not known */
	uint8_t flags;        /* enum message_flag */
	int64_t internaldate; /* seconds since 1970, UTC */
	int16_t zone;         /* minutes east of UTC */
	size_t n_keywords;
	struct slice keywords[LIMIT_KEYWORDS];
};

/* Unless it is there already, or there are LIMIT_KEYWORDS. */
void transfer_add_keyword(struct transfer_message *, struct slice keyword);
