/*
 * tally.h -- counts of failures in a table that never grows.
 *
 *	failures: 0 .. free-1          none has to wait
 *	          free, free+1, ...    locked out for first_s, twice that, ...,
 *	                               most_s; then one may try, and so on
 *
 * One failure is forgotten in each forget_s. A key has TALLY_WAYS places; one
 * that finds them taken gets the place of whoever has failed least, and what
 * that one has failed as its own, but for one try: what is pushed out has
 * not been washed away when it comes back. Keys must be keyed hashes.
 *
 * Time is the wall clock's, in seconds, and the caller's to give: locks
 * outlive the process. One that was set back makes no lock longer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { TALLY_WAYS = 8, TALLY_SECRETS = 8, TALLY_OTHERS = 48, TALLY_LABEL = 95 };

struct tally_rule {
	uint32_t free; /* 0: nothing is counted */
	uint32_t first_s;
	uint32_t most_s;
	uint32_t forget_s;
};

struct tally {
	uint64_t key;     /* 0: a free place */
	uint64_t account; /* that it is about, or 0 */
	union {           /* of a table for the one or for the other */
		uint64_t secrets[TALLY_SECRETS]; /* wrong ones, hashed */
		uint16_t others[TALLY_OTHERS];   /* what was tried, the same */
	};
	uint32_t others_s; /* when others was begun */
	uint32_t at_s;     /* failures are as of then */
	uint32_t until_s;  /* locked out; may be over */
	uint32_t since_s;  /* the first of the locks in a row */
	uint16_t n_others;
	uint16_t failures;
	uint16_t under_way;
	bool is_changed; /* since tallies_take_changed() */
	bool is_listed;  /* as one that was locked out */
	uint8_t label_len;
	char label[TALLY_LABEL]; /* for people; may be cut */
};

struct tallies;

/* Places are a multiple of TALLY_WAYS. */
struct tallies *tallies_new(size_t places, struct tally_rule);
void tallies_free(struct tallies *);
void tallies_set_rule(struct tallies *, struct tally_rule);

static inline struct slice tally_label(const struct tally *t)
{
	return slice_of(t->label, t->label_len);
}

/* NULL: it has none. What is returned is valid until the next call. */
struct tally *tallies_find(struct tallies *, uint64_t key, uint32_t now_s);

/* The same, or a new one. */
struct tally *tallies_get(struct tallies *, uint64_t key, struct slice label,
                          uint32_t now_s);

void tally_set_label(struct tally *, struct slice); /* cut if need be */

bool tally_is_locked(const struct tally *, uint32_t now_s);

/* One failure more; true: it is locked out by it. */
bool tally_fail(struct tallies *, struct tally *, uint32_t now_s);

/* Locked out for as long as there is, whatever was counted. */
void tally_lock(struct tallies *, struct tally *, uint32_t now_s);

/* How many of them are, at the cost of a look at those who were of late. */
size_t tallies_locked(struct tallies *, uint32_t now_s);

/* Nothing was ever counted. */
void tally_clear(struct tallies *, struct tally *);

/* This one was tried, too: of how many within span_s? TALLY_OTHERS at most;
 * one too few where two have the same 16 bits: of five, once in 6,500 times. */
unsigned tally_other(struct tally *, uint64_t hash, uint32_t span_s,
                     uint32_t now_s);
unsigned tally_others(const struct tally *, uint32_t span_s, uint32_t now_s);

/* It was wrong before; or it is remembered from now on, in the place of the
 * eldest. */
bool tally_has_secret(const struct tally *, uint64_t hash);
void tally_add_secret(struct tally *, uint64_t hash);

/* -- all of them, by place -- */

size_t tallies_places(const struct tallies *);

/* NULL: that place is free. */
struct tally *tallies_at(struct tallies *, size_t place, uint32_t now_s);

/* One that was changed since it was taken, and its place; NULL: none. Where
 * very many change at once, some wait until they change again. */
const struct tally *tallies_take_changed(struct tallies *, size_t *place);

/* It could not be saved: it is taken again. */
void tallies_put_back(struct tallies *, size_t place);

/* What was saved of one, at its place. */
void tallies_put(struct tallies *, size_t place, const struct tally *);
