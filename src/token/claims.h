/*
 * claims.h -- what an issuer says in a token: is it good, here and now?
 *
 * The same for the claims of a JWT (RFC 7519 section 4.1, RFC 9068) and for
 * the answer of introspection (RFC 7662 section 2.2), whose signature or
 * origin somebody else has looked at.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/issuer.h"
#include "token/json.h"

struct claims_moment {
	int64_t now_s;
	int64_t skew_s; /* by which clocks may differ */
};

/* Hears of each thing that was looked at, in this order. */
struct claims_watch {
	void (*saw)(void *arg, const char *what, struct err);
	void *arg;
};

/*
 * ERR_EXPIRED, ERR_NOPERM (it lacks the scope), ERR_AUTHENTICATIONFAILED;
 * the text says why, for the log. A JWT must say when it ends and who it is
 * from and for; what introspection says may be less. Whoever watches may be
 * NULL.
 */
struct err claims_check(const json_t *claims, const struct issuer *,
                        bool is_jwt, struct claims_moment,
                        const struct claims_watch *);

/* Whose token it is: appended as the issuer spells it, with the domain that
 * such names have. ERR_AUTHENTICATIONFAILED */
struct err claims_name(const json_t *claims, const struct issuer *,
                       struct buf *out);

/* When it ends, seconds since 1970; INT64_MAX: it doesn't say. */
int64_t claims_end(const json_t *claims);
