/*
 * verdict.h -- passwords that were right a moment ago.
 *
 * A slow hash is asked for once; for some minutes the same secret for the
 * same credential is then recognised by HMAC-SHA-256 under a key that only
 * this process knows. What is recognised is the account, the credential, its
 * generation, the mechanism and the secret together, so whatever changes a
 * credential (and thereby its generation) ends it at once, and one user's
 * verdict is never another's. Only right secrets are remembered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { VERDICT_KEY = 32, VERDICT_SECONDS_MOST = 300 };

struct verdict_key {
	uint8_t bytes[VERDICT_KEY];
};

struct verdict_subject {
	uint64_t account;
	uint64_t credential;
	uint64_t generation;
	struct slice mechanism;
	struct slice secret;
};

struct verdicts;

struct verdicts *verdicts_new(void);
void verdicts_free(struct verdicts *);

struct verdict_key verdict_key(struct verdicts *,
                               const struct verdict_subject *);
bool verdicts_has(const struct verdicts *, const struct verdict_key *,
                  uint64_t now_ms);
void verdicts_add(struct verdicts *, const struct verdict_key *,
                  uint64_t now_ms, uint64_t until_ms);
