/*
 * source.h -- accounts that others keep.
 *
 * Each name is one account here, whoever knows it. Where its password is
 * stands in its credential: a stored password of the scheme SOURCE names the
 * source that knew it last, which is asked first; the others follow in the
 * order of the configuration, in which the directory is one of them. The
 * first that knows the user decides. One that can't be asked ends the search:
 * it is not known then who there is.
 */
#pragma once

#include "auth/internal.h"
#include "auth/outside.h"

/* Who knows the user; zeroed: the directory, or nobody. */
struct source_found {
	/* Set by who wants to hear of each that was asked; or NULL. */
	void (*asked)(void *arg, const char *name, struct err,
	              const struct source_found *);
	void *arg;

	char source[AUTH_SOURCE_NAME + 1]; /* "": see above */
	enum told_account told;
	struct buf stored; /* of TOLD_STORED */
	uint64_t quota_bytes;
	char text[TOLD_TEXT + 1]; /* why it is TOLD_WRONG, or "" */
	bool in_directory;        /* nobody before it knew the user */
};

/* There are others than the directory. */
bool source_is_used(const struct auth *);

/*
 * row: what the directory has, id 0 for nothing; secret "": none was given.
 * ERR_ABSENT: nobody knows the user; ERR_UNAVAILABLE. To be freed in any
 * case. Suspends.
 */
struct err source_find(struct auth *, const struct account_row *row,
                       struct slice name, struct slice secret,
                       struct source_found *out);
void source_found_free(struct source_found *);

/* The user is who it says, or mail comes for it: there is an account from now
 * on, and its row is read again. Suspends. */
struct err source_settle(struct auth *, struct slice name,
                         const struct source_found *, struct account_row *row);

/* The row's password is kept by a source. */
bool source_has(const struct account_row *);

/* By which; "": none. Points into the row. */
struct slice source_name(const struct account_row *);
