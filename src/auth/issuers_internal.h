/* issuers_internal.h -- between the files that know issuers. */
#pragma once

#include <sys/stat.h>

#include "auth/issuers.h"
#include "auth/outside.h"
#include "base/log.h"
#include "token/jwks.h"
#include "token/jwt.h"

/* One of them, and its keys if it has any. */
struct issuer_state {
	char *text; /* what `is` points into */
	struct issuer is;
	struct jwks *keys;   /* NULL: none could be had yet */
	uint64_t generation; /* of the keys; raised by every other set */
	struct stat seen;    /* of their file, when it was read */

	/* of those that are fetched; times are the loop's, 0: never */
	uint64_t digest; /* of what was fetched */
	uint64_t fetched_ms;
	uint64_t tried_ms;
	uint64_t forced_ms; /* because of a key that was missing */
	int64_t ahead_s;    /* its clock, of ours; as it was said last */
	bool has_date;      /* it was said */

	char problem[TOLD_TEXT + 1]; /* when it was asked last, or "" */
	bool fetching;
	struct wait_list waiting;
};

struct issuers {
	struct auth *auth;
	unsigned references;
	struct token_cache *cache;
	size_t n;
	struct issuer_state v[ISSUERS_MOST];
};

/* -- issuer_keys.c -- */

/* A small file of auth's own; false: it isn't one that can be read. */
bool auth_file_read(const struct auth *, struct slice name, struct stat *,
                    struct buf *out);

/* reason: what is wrong; "": nothing any more. */
void issuer_log(enum log_level, struct issuer_state *, const char *event,
                struct slice reason);

/* What time it is there, if the answer says it. */
void issuer_date(struct issuer_state *, const struct outside_answer *);

/* A set that has replaced the one before; the number is for the log. */
void issuer_keys_take(struct issuer_state *, struct jwks *);

/* Does not suspend: a file that has changed is read. */
void issuer_keys_look(struct issuers *, struct issuer_state *);

/* The keys are as fresh as they have to be, or (again) fresher than that,
 * since one is missing. Suspends. ERR_UNAVAILABLE: there are none. */
struct err issuer_keys_refresh(struct issuers *, struct issuer_state *,
                               bool again);

/* -- issuer_fetch.c: the same of keys that are fetched -- */

void issuer_keys_fetch(struct issuers *, struct issuer_state *, bool again);

/* -- introspect.c -- */

/* What the issuer says about the token: *out is to be json_decref()ed.
 * ERR_ABSENT: that it isn't good; ERR_UNAVAILABLE. Suspends. */
struct err introspect(struct issuers *, struct issuer_state *,
                      struct slice token, json_t **out);
