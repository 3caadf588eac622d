/*
 * jwt.h -- a JSON Web Token taken apart: RFC 7519, in the compact form of
 * RFC 7515 section 7.1.
 *
 *	base64url(header) "." base64url(claims) "." base64url(signature)
 *
 * Whatever stands in it is a claim of whoever sent it until jwks_verify()
 * says who signed it.
 */
#pragma once

#include "base/buf.h"
#include "token/json.h"

struct jwt {
	json_t *header;
	json_t *claims;
	struct slice algorithm; /* into header */
	struct slice key;       /* the same; "": none is named */
	struct slice input;     /* what was signed: into the token */
	struct buf signature;
};

/* Fills *out, which keeps pointing into the token. NULL, or what is wrong
 * with it: a literal, and then nothing is to be closed. */
const char *jwt_open(struct slice token, struct jwt *out);
void jwt_close(struct jwt *);
