/*
 * issuer.h -- one who issues tokens, as roost.conf says it.
 *
 *	https://id.example.org/realms/mail audience=roost keys=mail.jwks
 *
 * The words behind the URL, in any order, each at most once; where more than
 * one value is meant they are separated by "|". How the issuer vouches for
 * tokens is either its keys or introspection (RFC 7662):
 *
 *	audience=ROOST      who the token must be for (`aud`)
 *	scope=IMAP          what it must be good for; "": anything
 *	name=CLAIM          the claim that is the account's name; "email"
 *	domain=EXAMPLE.ORG  names must be in it; one without a domain gets it
 *	keys=FILE|URL       a set of keys (JWK); "": where the issuer says
 *	introspect=URL      who is asked about each token,
 *	client=ID           and as whom
 *	secret=FILE         with its secret
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

enum { ISSUERS_MOST = 16 };

/* Into the text. Those that aren't there are empty, `claim` never is. */
struct issuer {
	struct slice url;
	struct slice audience;
	struct slice scope;
	struct slice claim;
	struct slice domain;
	struct slice keys;
	struct slice introspect;
	struct slice client;
	struct slice secret;
};

/* NULL, or what is wrong with the text: a literal. */
const char *issuer_parse(struct slice text, struct issuer *out);

/* Appends the URL of its openid-configuration: OpenID Connect Discovery 1.0
 * section 4. */
void issuer_discovery(const struct issuer *, struct buf *out);

/* Is it one of those between "|"? */
bool issuer_has(struct slice list, struct slice one);

/* Must it be asked over the net, for its keys or about tokens? */
bool issuer_is_asked(const struct issuer *);

/* Fetched over HTTPS, or from this very machine; of a host and a port that can
 * be, and at most 2,048 octets. */
bool issuer_is_url(struct slice);

/* Of a URL what may be told to anybody, "https://id.example.org:8443": what
 * stands behind it may be a secret. What is no URL is told whole. */
struct slice issuer_site(struct slice url);
