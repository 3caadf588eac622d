/*
 * signer.h -- an issuer in a test: keys of its own, and tokens by them.
 */
#pragma once

#include "base/buf.h"

struct signer {
	const char *alg;          /* of JWA */
	const char *kid;          /* NULL: its tokens name none */
	struct evp_pkey_st *pkey; /* OpenSSL's */
};

struct signer signer_new(const char *alg, const char *kid);
void signer_free(struct signer *);

/* The public key as a JWK; more: members that come with it. */
void signer_jwk(const struct signer *, const char *more, struct buf *out);

/* {"keys":[...]} of several of them */
void signer_set(const struct signer *, size_t n, struct buf *out);

/* A token: header and claims as JSON. NUL-terminated. */
void signer_token(const struct signer *, const char *header, const char *claims,
                  struct buf *out);

/* With the header that belongs to it. */
void signer_claims(const struct signer *, const char *claims, struct buf *out);

void base64url(struct slice, struct buf *out);
