/*
 * habit.h -- is that far more than an account usually fetches?
 *
 * What is fetched from one network within an hour is compared with the most
 * that the account has fetched on any of the last days, from everywhere. A
 * new device fetches everything once, so what comes from a place where the
 * account has been signing in for a while is never too much, nor is what a
 * young account fetches: it has no habit yet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	HABIT_DAYS = 30,
	HABIT_TIMES = 5,             /* as much as the largest day */
	HABIT_OCTETS = 50000000,     /* and more than that, */
	HABIT_MESSAGES = 500,        /* or than that */
	HABIT_SETTLED_S = 7 * 86400, /* a place is no longer new, */
				     /* an account no longer young */
};

struct fetched {
	uint64_t octets;
	uint64_t messages; /* whose content was fetched */
};

void fetched_add(struct fetched *, const struct fetched *more);

/* Is it worth a look? */
bool habit_may_break(const struct fetched *hour);

/* largest: of the days before. */
bool habit_breaks(const struct fetched *hour, const struct fetched *largest);

/* Has somebody signed in there, or to the account, for long enough? 0: never */
bool habit_is_settled(int64_t first_s, int64_t now_s);
