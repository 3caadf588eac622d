/*
 * message.h -- what a client says to log in with a token (RFC 7628).
 *
 *	n,a=USER,^Ahost=...^Aport=...^Aauth=Bearer TOKEN^A^A	OAUTHBEARER
 *	user=USER^Aauth=Bearer TOKEN^A^A			XOAUTH2
 *
 * ^A is the octet 1. A token that is empty asks for the challenge, which says
 * where tokens can be had.
 */
#pragma once

#include "base/buf.h"
#include "base/sasl.h"

struct token_message {
	struct slice token; /* into the message; letters of RFC 6750 only */
	struct buf user;    /* "": the token's own; the caller frees it */
};

/* NULL, or what is wrong with it: a literal, and then there is no user. */
const char *token_message_parse(enum sasl, struct slice message,
                                struct token_message *out);
