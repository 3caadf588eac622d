/*
 * limit.h -- how often somebody may try: what is counted, and who has to wait.
 *
 *	where the account signs in          anywhere else
 *	─────────────────────────           ─────────────────────────────
 *	the account at this place           the address   (IPv4, IPv6 /64)
 *	                                    its network   (/24, /48)
 *	                                    the account for all strangers
 *	                                    the password  (is it sprayed?)
 *
 * So what strangers do locks nobody out from where they have been signing in.
 * The same wrong password again counts once. What is under way counts for an
 * account as if it had failed already, so that many tries at once gain nothing.
 * What succeeds forgives nothing.
 *
 * What is right may come too often, too: an account is let in so many times
 * from one network, and from anywhere; accounts that do not sign in there, so
 * many times from one address, and one network. A program that went wild is
 * held back by that, and one with a list of passwords that others lost.
 *
 * Nothing here waits, and nothing knows of processes or files.
 */
#pragma once

#include "base/network.h"
#include "guard/limit_rules.h"
#include "guard/rate.h"
#include "guard/tally.h"

enum limit_kind {
	LIMIT_KIND_ADDRESS,
	LIMIT_KIND_NETWORK,
	LIMIT_KIND_ACCOUNT, /* strangers to it */
	LIMIT_KIND_PLACE,   /* an account at a network it signs in from */
	LIMIT_KIND_SECRET,  /* not saved */
	LIMIT_KINDS
};

/* An attempt, as far as it is counted. */
struct limit_try {
	struct slice name; /* of the account, or what it calls itself */
	uint64_t account;  /* 0: there is none */
	struct address address;
	bool is_known;       /* the account signs in from its network */
	bool is_trusted;     /* it stands for many: it is not counted itself */
	struct slice secret; /* empty: it was not seen */
	uint64_t generation; /* of what the secret is compared with */
};

enum limit_answer {
	LIMIT_MAY,
	LIMIT_REPEATED, /* the secret was wrong before */
	LIMIT_SPRAYED,  /* the secret is being tried on many */
	LIMIT_ACCOUNT,  /* locked out */
	LIMIT_PLACE,
	LIMIT_ADDRESS,
	LIMIT_NETWORK,
	LIMIT_BUSY,        /* as many are under way as may fail */
	LIMIT_OFTEN_PLACE, /* let in too often, of late: the account, here */
	LIMIT_OFTEN_ACCOUNT,
	LIMIT_OFTEN_ADDRESS, /* accounts that do not sign in there */
	LIMIT_OFTEN_NETWORK,
	LIMIT_ANSWERS
};

struct limits;

/* The secret tells keys of tables; the same after a restart. */
struct limits *limits_new(struct slice secret, struct limit_rules);
void limits_free(struct limits *);
void limits_set_rules(struct limits *, struct limit_rules);

/* LIMIT_MAY: it is under way, until limits_end(). */
enum limit_answer limits_ask(struct limits *, const struct limit_try *,
                             uint32_t now_s);

/* What its failure has led to: a bit (1 << enum limit_kind) for each. */
struct limit_news {
	unsigned locked;     /* locked out by it */
	unsigned sprayed;    /* address, network, secret: from now on */
	struct slice let_in; /* whom the secret, sprayed from now on, has let in
	                        before; may be cut, valid until the next call */
};

/* It is no longer under way; did it fail? */
struct limit_news limits_end(struct limits *, const struct limit_try *,
                             bool failed, uint32_t now_s);

/* Its secret was right: should it turn out to be one that is tried on many, the
 * account is in limit_news. */
void limits_let_in(struct limits *, const struct limit_try *, uint32_t now_s);

/* It has shown who it is: does it come in too often? LIMIT_MAY: it is counted,
 * as having come in. The clock is rate.h's. */
enum limit_answer limits_come_in(struct limits *, const struct limit_try *,
                                 uint64_t now_ms);

/* By what of it many accounts were tried of late: a bit (1 << enum limit_kind)
 * for each of address, network and secret. */
unsigned limits_spraying(struct limits *, const struct limit_try *,
                         uint32_t now_s);

/* Failures in its way so far; what its answer is held back by. */
uint32_t limits_failures(struct limits *, const struct limit_try *,
                         uint32_t now_s);

/* The network that an account is known at: IPv4 /24, IPv6 /64. */
struct network limit_place(const struct address *);

/* "192.0.2.0/24", as limits and history write it. */
void limit_network_text(const struct network *, char out[ADDRESS_TEXT + 4]);

/* -- for people, and to be saved -- */

struct tallies *limits_table(struct limits *, enum limit_kind);

/* All that is counted of an account, or of an address or network as text; of
 * "" of everything. How many were locked out? */
size_t limits_clear(struct limits *, struct slice what, uint64_t account,
                    uint32_t now_s);
