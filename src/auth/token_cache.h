/*
 * token_cache.h -- whose tokens were good a moment ago.
 *
 * A token is known by its keyed hash (verdict.h), never kept. What is
 * remembered is only which issuer said whose it is: the account is looked for
 * anew at each log-in. Nothing is remembered beyond the token's end.
 */
#pragma once

#include "auth/verdict.h"
#include "base/limits.h"

struct token_verdict {
	size_t issuer;       /* its number */
	uint64_t generation; /* of the keys that it was verified with */
	size_t len;
	char name[LIMIT_USER_NAME];
};

struct token_cache;

struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *);

/* NULL: it isn't there. Valid until the next addition. */
const struct token_verdict *token_cache_find(const struct token_cache *,
                                             const struct verdict_key *,
                                             uint64_t now_ms);
void token_cache_add(struct token_cache *, const struct verdict_key *,
                     const struct token_verdict *, uint64_t until_ms);
