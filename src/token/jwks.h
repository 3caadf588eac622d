/*
 * jwks.h -- an issuer's public keys, and what was signed with them.
 *
 * RFC 7517 (JWK), RFC 7518 (RSA, EC), RFC 8037 (Ed25519). The token names an
 * algorithm, but never decides what a key is: a key is of one kind for ever,
 * and an algorithm that isn't for that kind is refused. There are no keys
 * without a private half, so neither "none" nor an HMAC with a public key as
 * its secret can ever be right (RFC 8725 section 2.1).
 */
#pragma once

#include "base/slice.h"

enum { JWKS_MOST = 64 /* keys of a set that are kept */ };

struct jwks;

/* NULL: the text is no set of keys. Those that we can't use (for encryption,
 * of an unknown kind, too weak) are left out. */
struct jwks *jwks_parse(struct slice json);
void jwks_free(struct jwks *); /* may be NULL */
size_t jwks_count(const struct jwks *);

enum jws_answer {
	JWS_GOOD,
	JWS_ALGORITHM, /* none that we take */
	JWS_NO_KEY,    /* the set has none of that name for that algorithm */
	JWS_WRONG,     /* the signature */
};

/* kid "": the token names no key, then the only one that fits is meant. */
enum jws_answer jwks_verify(const struct jwks *, struct slice alg,
                            struct slice kid, struct slice input,
                            struct slice signature);
