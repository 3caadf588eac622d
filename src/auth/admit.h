/*
 * admit.h -- what an account's policies have against a log-in.
 *
 * Some grounds are silent: they are for passwords that have been guessed or
 * stolen, and whoever tries one must not hear that it is right. They are
 * looked at before the password is, which then is not. The others are told
 * the account's owner: whose proof was good.
 */
#pragma once

#include "auth/internal.h"

/* Who wants to come in, and how. */
struct admission {
	enum service service;
	bool by_password; /* or by what is derived from one */
	struct slice address;
};

struct ground {
	bool silent;
	const char *reason; /* for the log */
	struct err told;    /* the client */
};

/* On what terms it is let in: a set of enum term. */
uint8_t admit_terms(const struct policies *);

/* The first that stands against it, NULL: it is let in. */
const struct ground *admit_against(struct auth *, const struct policies *,
                                   const struct admission *);
/* The same, but for where it comes from: the address isn't looked at. */
const struct ground *admit_anywhere_against(struct auth *,
                                            const struct policies *,
                                            const struct admission *);
/* The same, of the silent ones alone. */
const struct ground *admit_silently_against(struct auth *,
                                            const struct policies *,
                                            const struct admission *);
