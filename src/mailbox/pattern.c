/*
 * pattern.c -- a matcher that no pattern makes slow.
 *
 * The matcher is an automaton whose states are bits: bit j says that the
 * first j literal octets of the pattern, and the wildcards between them,
 * match the name so far. An octet of the name takes every state one on where
 * it is the next literal, and lets those stay that are at a wildcard which
 * takes it: 64 states in a few instructions. What each octet does to the
 * states is worked out once a pattern.
 */
#include "mailbox/pattern.h"

#include <assert.h>

#include "base/ascii.h"
#include "mailbox/name.h"

enum { WORD = 64, WORDS_MOST = PATTERN_MOST / WORD + 1 };

struct pattern {
	size_t literals;
	size_t words;        /* of each set of states */
	uint64_t *any;       /* states at a '*' */
	uint64_t *wild;      /* at any wildcard */
	uint64_t *next[256]; /* states that are reached by that octet */
	bool percent;
};

static bool is_wildcard(char c)
{
	return c == '*' || c == '%';
}

static void set_bit(uint64_t *set, size_t bit)
{
	set[bit / WORD] |= UINT64_C(1) << bit % WORD;
}

static bool has_bit(const uint64_t *set, size_t bit)
{
	return set[bit / WORD] >> bit % WORD & 1;
}

static uint64_t *new_set(const struct pattern *p, struct arena *a)
{
	return arena_array(a, p->words, sizeof(uint64_t));
}

/* Octets that the pattern does not have share a set, which is empty. */
static void reserve(struct pattern *p, struct slice text, struct arena *a)
{
	uint64_t *none;

	for (size_t i = 0; i < text.len; i++)
		p->literals += !is_wildcard(text.ptr[i]);
	p->words = p->literals / WORD + 1;
	p->any = new_set(p, a);
	p->wild = new_set(p, a);
	none = new_set(p, a);
	for (size_t i = 0; i < 256; i++)
		p->next[i] = none;
	for (size_t i = 0; i < text.len; i++) {
		uint64_t **next = &p->next[(uint8_t)text.ptr[i]];

		if (*next == none && !is_wildcard(text.ptr[i]))
			*next = new_set(p, a);
	}
}

struct pattern *pattern_new(struct slice text, struct arena *a)
{
	struct pattern *p = arena_alloc(a, sizeof *p);
	size_t state = 0;

	assert(text.len <= PATTERN_MOST);
	reserve(p, text, a);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		p->percent |= c == '%';
		if (c == '*')
			set_bit(p->any, state);
		if (is_wildcard(c))
			set_bit(p->wild, state);
		else
			set_bit(p->next[(uint8_t)c], ++state);
	}
	return p;
}

/* The octet may be one of two: where case counts, they are the same. False:
 * no state is left. */
static bool step(const struct pattern *p, uint64_t *at, char c, char or_c)
{
	const uint64_t *next = p->next[(uint8_t)c];
	const uint64_t *or_next = p->next[(uint8_t)or_c];
	const uint64_t *stay = c == MAILBOX_DELIM ? p->any : p->wild;
	uint64_t carry = 0;
	uint64_t left = 0;

	for (size_t i = 0; i < p->words; i++) {
		uint64_t moved = at[i] << 1 | carry;

		carry = at[i] >> (WORD - 1);
		at[i] = (moved & (next[i] | or_next[i])) | (at[i] & stay[i]);
		left |= at[i];
	}
	return left != 0;
}

static size_t inbox_length(struct slice name)
{
	struct slice first, rest;

	slice_cut(name, MAILBOX_DELIM, &first, &rest);
	return slice_ieq(first, S("INBOX")) ? first.len : 0;
}

bool pattern_matches(const struct pattern *p, struct slice name)
{
	uint64_t at[WORDS_MOST] = { 1 };
	size_t folded = inbox_length(name);

	if (name.len < p->literals)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool fold = i < folded;

		if (!step(p, at, fold ? ascii_upper(c) : c,
		          fold ? ascii_lower(c) : c))
			return false;
	}
	return has_bit(at, p->literals);
}

bool pattern_has_percent(const struct pattern *p)
{
	return p->percent;
}
