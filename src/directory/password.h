/*
 * password.h -- stored passwords: "{SCHEME}hash", one or more, a line each.
 *
 * The first form is what a password that comes in clear is verified with: new
 * ones are Argon2id (PHC string, RFC 9106). Behind it stand what mechanisms
 * need that never see the password (SCRAM). What people bring along from other
 * servers is verified as it is and replaced at the next log-in. Every function
 * here may run on any thread and keeps nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "directory/scram_keys.h"

/* What a new hash costs: RFC 9106; OWASP's figures for Argon2id. */
struct password_cost {
	uint32_t memory_kib;
	uint32_t passes;
	uint32_t lanes;
	uint32_t scram_rounds[SCRAM_HASHES]; /* 0: no keys are made */
};

#define PASSWORD_COST_DEFAULT \
	((struct password_cost){ 19456, 2, 1, { SCRAM_ROUNDS_DEFAULT } })

enum {
	PASSWORD_STORED = 1024, /* octets of a stored password, at most */
	PASSWORD_SCHEME = 24,   /* octets of a scheme's name, at most */
};

enum password_answer {
	PASSWORD_WRONG,
	PASSWORD_RIGHT,
	PASSWORD_UNUSABLE, /* the stored form can't be understood, or its
	                      scheme has no room for this secret */
};

/* In constant time for a given stored password, as far as its scheme is. */
enum password_answer password_verify(struct slice stored, struct slice secret,
                                     bool allow_plain);

/* A wrong secret is told without a slow hash: of no use against guessing, and
 * it would tell strangers which accounts have one. */
bool password_is_quick(struct slice stored);

/* Appends "{ARGON2ID}$argon2id$..." and a form for each kind of SCRAM that has
 * rounds; false when the cost is impossible. */
bool password_hash(struct slice secret, struct password_cost, struct buf *out);

/* The stored form is what password_hash() would make at this cost. */
bool password_is_current(struct slice stored, struct password_cost);

extern const struct slice password_scram_schemes[SCRAM_HASHES];

/* The hash of the form that has this scheme; empty: there is none. */
struct slice password_form(struct slice stored, struct slice scheme);

/* "SHA512-CRYPT" of "{SHA512-CRYPT}$6$..."; CRYPT for "$6$..." without a
 * scheme, empty when there is none. Points into stored or to a literal. */
struct slice password_scheme(struct slice stored);
