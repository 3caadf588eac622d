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

/* Who would have issued a good one: the one it names, else the first. NULL:
 * there is none at all. */
const struct issuer *issuers_hint(const struct issuers *, struct slice token);
