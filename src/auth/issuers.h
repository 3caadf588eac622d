/*
 * issuers.h -- those whose tokens let people in, while the process runs.
 *
 *	token ──► remembered? ──yes─────────────────────────► its name
 *	             └─no──► whose? ─┬─ keys ──► signature ─┐
 *	                             └─ introspection ──────┴► claims ──► name
 *
 * A JWT says who issued it, and only that issuer is asked or has its keys
 * tried; a token that only its issuer can read goes to those that are asked,
 * in order. Made of the options, made anew when these change: what runs
 * meanwhile holds on to the old ones.
 */
#pragma once

#include "auth/internal.h"
#include "base/issuer.h"

struct issuers;

struct issuers *issuers_new(struct auth *);
struct issuers *issuers_keep(struct issuers *);
void issuers_release(struct issuers *);

/*
 * Whose token is it? Appends the name as the issuer spells it. ERR_EXPIRED,
 * ERR_NOPERM (it lacks the scope), ERR_AUTHENTICATIONFAILED, ERR_UNAVAILABLE
 * (it can't be known now); the text is for the log. Suspends.
 */
struct err issuers_verify(struct issuers *, struct slice token,
                          struct buf *name);

/* Hears of each step of a token's way: "issuer", "keys", "audience", ... */
struct issuers_watch {
	void (*saw)(void *arg, const char *step, struct slice outcome);
	void *arg;
};

/* The same, step by step; it is looked at anew, and not remembered. */
struct err issuers_try(struct issuers *, struct slice token, struct buf *name,
                       const struct issuers_watch *);

/* Appends whose the token says it is, good or not; nothing if it can't be
 * read or is of nobody here. */
void issuers_claimed(const struct issuers *, struct slice token,
                     struct buf *name);

/* -- what is known of each; suspends while it is asked -- */

struct issuer_facts {
	struct slice url;
	size_t keys;
	bool is_introspected; /* it has no keys */
	bool has_date;
	int64_t ahead_s;      /* its clock, of ours; if it has_date */
	struct slice problem; /* "": none; valid till it is asked again */
};

/* False: there is no i-th. */
bool issuers_ask(struct issuers *, size_t i, struct issuer_facts *);

/* Who would have issued a good one: the one it names, else the first. NULL:
 * there is none at all. */
const struct issuer *issuers_hint(const struct issuers *, struct slice token);
