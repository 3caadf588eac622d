/*
 * mechanism.h -- the server's side of SASL, a step for each response.
 *
 * A mechanism speaks for nobody: it says what the client claims and whether
 * it proved it, and verify.c decides. RFC 4422
 */
#pragma once

#include "auth/attempt.h"

enum mechanism_step {
	STEP_CHALLENGE,   /* the challenge is to be sent */
	STEP_PASSWORD,    /* user and secret are known: verify them */
	STEP_TOKEN,       /* secret is a token: verify it */
	STEP_CERTIFICATE, /* verify that of the client, if it has one */
	STEP_PROVEN,      /* row is whose secret the client has */
	STEP_REFUSED,     /* reason says why */
	STEP_UNAVAILABLE,
};

struct mechanism {
	/* The first response is empty if the client sent none. */
	enum mechanism_step (*step)(struct attempt *, struct slice response,
	                            struct buf *challenge);
	void (*end)(struct attempt *); /* frees `state`; may be NULL */
	bool by_password; /* it says one, or what is derived from it */
};

/* By enum sasl; a step of NULL: we don't speak it. */
extern const struct mechanism mechanisms[SASL_MECHANISMS];

/* scram.c */
enum mechanism_step scram_step(struct attempt *, struct slice response,
                               struct buf *challenge);
void scram_end(struct attempt *);

/* external.c */
enum mechanism_step external_step(struct attempt *, struct slice response,
                                  struct buf *challenge);

/* token.c */
enum mechanism_step token_step(struct attempt *, struct slice response,
                               struct buf *challenge);
