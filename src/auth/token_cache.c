/* token_cache.c -- a table of fixed size, as verdict.c's. */
#include "auth/token_cache.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"

enum { SETS = 512, WAYS = 4 };

struct entry {
	struct verdict_key key;
	uint64_t until_ms; /* 0: never used */
	struct token_verdict verdict;
};

struct token_cache {
	struct entry table[SETS][WAYS];
};

struct token_cache *token_cache_new(void)
{
	return mem_new(1, sizeof(struct token_cache));
}

void token_cache_free(struct token_cache *c)
{
	free(c);
}

static size_t set_of(const struct verdict_key *key)
{
	return get_le64(key->bytes) % SETS;
}

static bool is_same(const struct verdict_key *a, const struct verdict_key *b)
{
	return secret_eq(slice_of(a->bytes, VERDICT_KEY),
	                 slice_of(b->bytes, VERDICT_KEY));
}

const struct token_verdict *token_cache_find(const struct token_cache *c,
                                             const struct verdict_key *key,
                                             uint64_t now_ms)
{
	const struct entry *set = c->table[set_of(key)];
	const struct token_verdict *found = NULL;

	for (size_t i = 0; i < WAYS; i++)
		if (now_ms < set[i].until_ms && is_same(&set[i].key, key))
			found = &set[i].verdict;
	return found;
}

/* In the place of its older self, else of what ends first. */
void token_cache_add(struct token_cache *c, const struct verdict_key *key,
                     const struct token_verdict *v, uint64_t until_ms)
{
	struct entry *set = c->table[set_of(key)];
	struct entry *place = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].until_ms < place->until_ms)
			place = &set[i];
		if (is_same(&set[i].key, key)) {
			place = &set[i];
			break;
		}
	}
	*place = (struct entry){ *key, until_ms, *v };
}
