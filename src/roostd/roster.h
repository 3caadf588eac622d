/*
 * roster.h -- the children that there are: as many of each role as the
 * configuration said at the start, whether they run or not.
 */
#pragma once

#include "roostd/children.h"

struct roster {
	struct child *v; /* stay where they are */
	size_t n;
};

/* Each with its page of counters; none runs. */
void roster_init(struct roster *, const struct server *, struct supervisor *);
void roster_free(struct roster *);

/* NULL: there is none. */
struct child *roster_find(const struct roster *, enum role, uint32_t index);

/* None runs. */
bool roster_is_gone(const struct roster *);

/* In the forked process of that child: from now on it counts on its own page,
 * and has no other's. */
void roster_keep_counters(const struct roster *, const struct child *);
