/*
 * scram_keys.h -- what of a password SCRAM needs: RFC 5802 section 3.
 *
 * As text they are "rounds,salt,StoredKey,ServerKey", the last three in
 * base64, which is how Dovecot and others keep them, too. Whoever steals them
 * can try passwords, but not log in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* RFC 7677 section 4. Clients do them at each log-in, some refuse more than
 * 65,536. */
enum {
	SCRAM_ROUNDS_DEFAULT = 50000,
	SCRAM_ROUNDS_MOST = 10000000,
};

enum scram_hash { SCRAM_SHA_256, SCRAM_SHA_1, SCRAM_HASHES };

struct scram_keys {
	uint64_t rounds;
	struct slice salt; /* in base64, as the others */
	struct slice stored_key;
	struct slice server_key; /* may be empty */
};

/* Points into the text; false: it has not that form. What is in base64 has
 * not been looked at. */
bool scram_keys_parse(struct slice text, struct scram_keys *out);

/* Slow: appends the text. False: there is a NUL in the secret. */
bool scram_keys_make(enum scram_hash, struct slice secret, uint64_t rounds,
                     struct buf *out);

/* Appends keys that no password has, for a name the same each time. */
void scram_keys_imitate(enum scram_hash, struct slice secret, struct slice name,
                        uint64_t rounds, struct buf *out);

/* Slow. `is_right` stays as it is when false is returned: the keys can't be
 * understood. */
bool scram_keys_verify(enum scram_hash, struct slice text, struct slice secret,
                       bool *is_right);
