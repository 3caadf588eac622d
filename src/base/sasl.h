/*
 * sasl.h -- the mechanisms of AUTHENTICATE that gate offers and auth speaks.
 *
 * gate knows their names and what the server says first; everything else of
 * an exchange is between the client and auth. RFC 4422, RFC 9051 6.2.2
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* In the order in which they are offered. */
enum sasl {
	SASL_COMMAND, /* LOGIN, which is no mechanism: what it says comes in
	                 PLAIN's form */
	SASL_EXTERNAL,
	SASL_SCRAM_SHA_256_PLUS,
	SASL_SCRAM_SHA_256,
	SASL_SCRAM_SHA_1_PLUS,
	SASL_SCRAM_SHA_1,
	SASL_OAUTHBEARER,
	SASL_XOAUTH2,
	SASL_PLAIN,
	SASL_LOGIN,
	SASL_MECHANISMS
};

enum sasl_binding {
	BINDING_NONE,
	BINDING_TOLD,   /* auth wants to know what could have been bound to */
	BINDING_NEEDED, /* offered only where there is one */
	BINDING_CERTIFICATE, /* offered to who has shown one of its own */
};

struct sasl_mechanism {
	struct slice name;         /* a NUL is behind it */
	struct slice challenge;    /* the first, if nothing came with it */
	enum sasl_binding binding; /* to the TLS channel, RFC 9266 */
};

extern const struct sasl_mechanism sasl_mechanisms[SASL_MECHANISMS];

/* Those that need one who issues tokens. */
enum { SASL_TOKENS = 1 << SASL_OAUTHBEARER | 1 << SASL_XOAUTH2 };

/* Whatever the case of its letters; never SASL_COMMAND. */
bool sasl_find(struct slice name, enum sasl *out);

/* A set of them. */
static inline uint32_t sasl_bit(enum sasl m)
{
	return (uint32_t)1 << m;
}
