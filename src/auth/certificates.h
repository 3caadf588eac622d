/*
 * certificates.h -- which certificates are whose, beside what they say.
 *
 * One that an administrator has added to an account opens that account,
 * whatever name is in it, once it is verified like any other.
 */
#pragma once

#include "auth/internal.h"
#include "directory/credential.h"

/* fingerprint as people write it; of c fingerprint, subject and end count.
 * ERR_SYNTAX, ERR_ABSENT, ERR_ALREADYEXISTS, ERR_LIMIT, ERR_NOTNOW: nobody
 * logs in to it. Suspends. */
struct err certificate_add(struct auth *, struct slice account,
                           const struct client_certificate *c);

/* Sessions that it let in end. ERR_SYNTAX, ERR_ABSENT. Suspends. */
struct err certificate_remove(struct auth *, struct slice account,
                              struct slice fingerprint);

/* How many the account has. */
size_t certificate_count(struct auth *, uint64_t account);
