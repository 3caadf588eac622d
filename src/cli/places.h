/*
 * places.h -- where each message goes, by what all records of the packs say.
 *
 *	places = places_new();
 *	pack_walk_headers(dir, places_add, places);
 *	places_settle(places);
 *	... places_of(places, &hash, &n) for each message found
 *
 * A place is one message in one mailbox. A message record tells the first
 * one, references tell the others. A reference of a MOVE takes away the place
 * that it was moved from. A mailbox is called what the record with its
 * highest UID calls it.
 */
#pragma once

#include <stdbool.h>

#include "store/check.h"

struct places;

struct place_mailbox {
	uint64_t account;
	struct slice account_name; /* the places' */
	struct slice name;
};

struct place {
	struct content_hash hash;
	uint64_t account;
	uint32_t mailbox_id; /* 0: the record doesn't say */
	uint32_t mailbox;    /* see place_mailbox() */
	uint32_t uid;
	uint32_t from_mailbox;
	uint32_t from_uid;
	int64_t internaldate;
	int16_t zone;
	uint8_t flags;
	bool is_left; /* the message was moved on */
	bool is_done; /* for the caller */
};

struct places *places_new(void);
void places_free(struct places *);

/* For pack_walk_headers(); always true. */
bool places_add(void *places, const struct salvaged *);
/* All have been added. */
void places_settle(struct places *);

/* NULL, 0: none. */
struct place *places_of(struct places *, const struct content_hash *,
                        size_t *n);
const struct place_mailbox *place_mailbox(const struct places *,
                                          const struct place *);
