/*
 * limit_key.h -- what an attempt is counted under: an address, a network, an
 * account, a place of one, or a secret, each as a number for a table.
 *
 * Whoever doesn't know the key of these hashes can't make two of them meet.
 */
#pragma once

#include "guard/limit.h"

enum { LIMIT_TEXT = 512 };

struct limit_keys {
	uint64_t names[2];   /* of what is in tables */
	uint64_t secrets[2]; /* of passwords: this process's */
};

/* Those of the names are the same for the same secret. */
void limit_keys_init(struct limit_keys *, struct slice secret);

/* Never 0. */
uint64_t limit_key(const struct limit_keys *, const struct limit_try *,
                   enum limit_kind);

/* The attempt's secret, compared with this password of this account. */
uint64_t limit_repeat(const struct limit_keys *, const struct limit_try *);

/* The same for people, as long as `text` and the attempt; of a secret: "". */
struct slice limit_label(const struct limit_try *, enum limit_kind,
                         char text[LIMIT_TEXT]);
