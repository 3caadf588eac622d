/*
 * keyword.h -- a mailbox's keyword names; a name's place is its bit.
 *
 * Names are compared without case and kept with the case they first came
 * in; those that are registered, as they are there. Places are never given up
 * or reused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "mailbox/record.h"

struct keywords {
	struct slice *v; /* own memory, as the names */
	size_t n;
};

/* Own copies of n names. */
void keywords_set(struct keywords *, const struct slice *names, size_t n);
void keywords_copy(struct keywords *to, const struct keywords *from);
void keywords_free(struct keywords *);

/* The place of a name; SLICE_NONE when it has none. */
size_t keywords_find(const struct keywords *, struct slice name);

/*
 * The bits of names. Those without a place get one when `add`, else they
 * are passed over. ERR_LIMIT when LIMIT_KEYWORDS have one already, ERR_CANNOT
 * for what is no keyword (RFC 9051: an atom; ours has at most LIMIT_KEYWORD
 * octets).
 */
struct err keywords_resolve(struct keywords *, const struct slice *names,
                            size_t n, bool add, struct keyword_bits *out);

/* Every name has a place. */
bool keywords_know(const struct keywords *, const struct slice *names,
                   size_t n);

static inline bool keyword_bits_has(const struct keyword_bits *b, size_t k)
{
	return b->word[k / 64] >> (k % 64) & 1;
}

static inline void keyword_bits_set(struct keyword_bits *b, size_t k)
{
	b->word[k / 64] |= UINT64_C(1) << (k % 64);
}
