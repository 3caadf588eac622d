/*
 * second_factor.h -- a code besides the password, and what to do without.
 *
 *	(absent) ──begin──► pending ──confirm──► on ──disable──► (absent)
 *
 * A mail client keeps what it was given and shows it again by itself, so it
 * has no use for a code: an account with a second factor gives its programs
 * app passwords or tokens, and its main password no longer opens mail. Codes
 * are for where a person signs in; each is good once.
 */
#pragma once

#include "auth/attempt.h"
#include "directory/credential.h"

enum { RECOVERY_CODES = 10 };

/* A new key, which counts for nothing until a code of it has confirmed it, is
 * appended to `key`, and what an authenticator app reads to `uri`. ERR_ABSENT,
 * ERR_NOTNOW: it has one that is on, or nobody logs in to it. Suspends. */
struct err second_factor_begin(struct auth *, struct slice account,
                               struct buf *key, struct buf *uri);

/* From now on it is on: sessions that the main password let in end, unless
 * the policy lets it. The recovery codes are appended, a line each; they can't
 * be had again. ERR_ABSENT, ERR_NOTNOW: nothing is pending;
 * ERR_AUTHENTICATIONFAILED: that is not the code. Suspends. */
struct err second_factor_confirm(struct auth *, struct slice account,
                                 struct slice code, struct buf *codes);

/* New recovery codes in the place of those before. Suspends. */
struct err second_factor_recovery(struct auth *, struct slice account,
                                  struct buf *codes);

/* With its recovery codes. ERR_ABSENT. Suspends. */
struct err second_factor_disable(struct auth *, struct slice account);

/*
 * Takes a code of the app, or a recovery code. After SECOND_FACTOR_MISSES
 * wrong ones those of the app have to wait, longer each time; recovery codes,
 * which nobody guesses, do not. ERR_ABSENT: it has no second factor;
 * ERR_AUTHENTICATIONFAILED, ERR_LIMIT: not now. Suspends.
 */
enum {
	SECOND_FACTOR_MISSES = 5,
	SECOND_FACTOR_PAUSE_S = 30, /* doubles with each miss */
	SECOND_FACTOR_PAUSE_MOST_S = 3600,
};

struct err second_factor_check(struct auth *, struct slice account,
                               struct slice code);

/* Would its main password alone open mail? Not what a lock-out or the place
 * that one is at would say. */
bool main_password_opens(struct auth *, const struct account_row *);

/* May its main password, which was right, open mail? ERR_AUTHORIZATIONFAILED:
 * the text is for the client. */
struct err main_password_rule(struct auth *, const struct account_row *);
