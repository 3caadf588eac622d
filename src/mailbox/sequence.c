/*
 * sequence.c -- see sequence.h.
 */
#include "mailbox/sequence.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static uint32_t size_of(struct uidrange r)
{
	return r.last - r.first + 1;
}

/* Those of the ranges from this one on. */
static void count_from(struct sequence *s, size_t at)
{
	size_t n = s->uids.n;

	if (n > s->before_cap) {
		s->before_cap = n + n / 2;
		s->before =
			mem_resize(s->before, s->before_cap, sizeof *s->before);
	}
	for (size_t i = at; i < n; i++)
		s->before[i] =
			i == 0 ? 0
			       : s->before[i - 1] + size_of(s->uids.v[i - 1]);
}

void sequence_set(struct sequence *s, const struct uidset *uids)
{
	uidset_copy(&s->uids, uids);
	count_from(s, 0);
}

void sequence_append(struct sequence *s, struct uidrange r)
{
	size_t old = s->uids.n;

	assert(old == 0 || r.first > s->uids.v[old - 1].last);
	uidset_add_range(&s->uids, r.first, r.last);
	count_from(s, old == 0 ? 0 : old - 1);
}

void sequence_subtract(struct sequence *s, const struct uidset *gone)
{
	uidset_subtract(&s->uids, gone);
	count_from(s, 0);
}

void sequence_free(struct sequence *s)
{
	uidset_free(&s->uids);
	free(s->before);
}

uint32_t sequence_count(const struct sequence *s)
{
	size_t n = s->uids.n;

	return n == 0 ? 0 : s->before[n - 1] + size_of(s->uids.v[n - 1]);
}

uint32_t sequence_uid(const struct sequence *s, uint32_t seq)
{
	size_t low = 0;
	size_t high = s->uids.n;

	assert(seq >= 1 && seq <= sequence_count(s));
	/* the last range that begins before this number */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (s->before[mid] < seq)
			low = mid;
		else
			high = mid;
	}
	return s->uids.v[low].first + (seq - s->before[low] - 1);
}

uint32_t sequence_seq(const struct sequence *s, uint32_t uid)
{
	size_t i = uidset_find(&s->uids, uid);

	if (i == s->uids.n || s->uids.v[i].first > uid)
		return 0;
	return s->before[i] + (uid - s->uids.v[i].first) + 1;
}

void sequence_check(const struct sequence *s)
{
	uint32_t count = 0;

	uidset_check(&s->uids);
	for (size_t i = 0; i < s->uids.n; i++) {
		assert(s->before[i] == count);
		count += size_of(s->uids.v[i]);
	}
	assert(count == sequence_count(s));
}
