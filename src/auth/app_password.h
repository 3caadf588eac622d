/*
 * app_password.h -- secrets that we make, one for each program of an account.
 *
 * One can be revoked without the others; it may be limited to services and
 * networks, and run out. It is told by its hash which one it is, so a log-in
 * with one costs nothing like a password's; a wrong one is a wrong password.
 */
#pragma once

#include "auth/attempt.h"
#include "directory/credential.h"

/*
 * A new one; its secret is appended to `secret`, for whoever is to use it,
 * and can't be had again. Of p the name, services, networks and the end count.
 * ERR_SYNTAX, ERR_ABSENT, ERR_ALREADYEXISTS, ERR_LIMIT, ERR_NOTNOW: nobody
 * logs in to it. Suspends.
 */
struct err app_password_add(struct auth *, struct slice account,
                            const struct app_password *p, struct buf *secret);

/* Sessions that it let in end. ERR_ABSENT. Suspends. */
struct err app_password_revoke(struct auth *, struct slice account,
                               struct slice name);

/* Is what was typed an app password of t->row? Then the attempt has been
 * answered. */
bool app_password_verify(struct attempt *);

/* Which of the account's the secret is; in the arena. ERR_ABSENT: none. */
struct err app_password_find(struct auth *, uint64_t account,
                             struct slice secret, struct arena *,
                             struct app_password *out);

/* How many the account has. */
size_t app_password_count(struct auth *, uint64_t account);

/* Sessions of those that have run out end. Called now and then. */
void app_passwords_expire(struct auth *);
