/* uidset.c -- one sorted array; binary search to find, memmove to change. */
#include "base/uidset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void uidset_free(struct uidset *s)
{
	free(s->v);
	*s = (struct uidset){ 0 };
}

void uidset_clear(struct uidset *s)
{
	s->n = 0;
}

static void make_room(struct uidset *s, size_t n)
{
	size_t cap = s->cap != 0 ? s->cap : 4;

	if (n <= s->cap)
		return;
	while (cap < n)
		cap *= 2;
	s->v = mem_resize(s->v, cap, sizeof *s->v);
	s->cap = cap;
}

static void append(struct uidset *s, struct uidrange r)
{
	make_room(s, s->n + 1);
	s->v[s->n++] = r;
}

/* Puts r in the place of ranges at..end-1, of which there may be none. */
static void replace(struct uidset *s, size_t at, size_t end, struct uidrange r)
{
	size_t behind = s->n - end;

	make_room(s, s->n + 1);
	memmove(s->v + at + 1, s->v + end, behind * sizeof *s->v);
	s->v[at] = r;
	s->n = at + 1 + behind;
}

static void erase(struct uidset *s, size_t at, size_t end)
{
	if (at == end)
		return;
	memmove(s->v + at, s->v + end, (s->n - end) * sizeof *s->v);
	s->n -= end - at;
}

size_t uidset_find(const struct uidset *s, uint32_t uid)
{
	size_t low = 0;
	size_t high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->v[mid].last < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Does a range that begins at `first` lie behind all, touching none? */
static bool is_behind(const struct uidset *s, uint32_t first)
{
	return s->n == 0 || first - 1 > s->v[s->n - 1].last;
}

/* Adds a range that begins nowhere before the set's last one. */
static void append_merging(struct uidset *s, struct uidrange r)
{
	struct uidrange *last = s->n != 0 ? &s->v[s->n - 1] : NULL;

	if (is_behind(s, r.first))
		append(s, r);
	else if (r.last > last->last)
		last->last = r.last;
}

void uidset_add_range(struct uidset *s, uint32_t first, uint32_t last)
{
	struct uidrange r = { first, last };
	size_t at, end;

	assert(first != 0 && first <= last);
	if (s->n == 0 || first >= s->v[s->n - 1].first) {
		append_merging(s, r);
		return;
	}
	at = uidset_find(s, first - 1);
	end = uidset_find(s, last);
	if (end < s->n && s->v[end].first - 1 <= last)
		end++;
	if (at < end) {
		if (s->v[at].first < first)
			r.first = s->v[at].first;
		if (s->v[end - 1].last > last)
			r.last = s->v[end - 1].last;
	}
	replace(s, at, end, r);
}

void uidset_add(struct uidset *s, uint32_t uid)
{
	uidset_add_range(s, uid, uid);
}

void uidset_remove_range(struct uidset *s, uint32_t first, uint32_t last)
{
	size_t at, end;

	assert(first != 0 && first <= last);
	at = uidset_find(s, first);
	if (at < s->n && s->v[at].first < first) {
		struct uidrange left = { s->v[at].first, first - 1 };

		s->v[at].first = first;
		replace(s, at, at, left);
		at++;
	}
	end = uidset_find(s, last);
	if (end < s->n && s->v[end].first <= last) {
		if (s->v[end].last > last)
			s->v[end].first = last + 1;
		else
			end++;
	}
	erase(s, at, end);
}

void uidset_copy(struct uidset *to, const struct uidset *from)
{
	if (to == from)
		return;
	make_room(to, from->n);
	if (from->n != 0)
		memcpy(to->v, from->v, from->n * sizeof *to->v);
	to->n = from->n;
}

void uidset_union(struct uidset *to, const struct uidset *from)
{
	struct uidset out = { 0 };
	size_t i = 0;
	size_t k = 0;

	if (to == from || from->n == 0)
		return;
	make_room(&out, to->n + from->n);
	while (i < to->n || k < from->n) {
		if (k == from->n ||
		    (i < to->n && to->v[i].first <= from->v[k].first))
			append_merging(&out, to->v[i++]);
		else
			append_merging(&out, from->v[k++]);
	}
	free(to->v);
	*to = out;
}

/* Appends to out what is left of r when the ranges of `what` from k on are
 * taken away. */
static void append_without(struct uidset *out, struct uidrange r,
                           const struct uidset *what, size_t k)
{
	for (; k < what->n && what->v[k].first <= r.last; k++) {
		if (what->v[k].first > r.first)
			append(out, (struct uidrange){ r.first,
			                               what->v[k].first - 1 });
		if (what->v[k].last >= r.last)
			return;
		r.first = what->v[k].last + 1;
	}
	append(out, r);
}

void uidset_subtract(struct uidset *from, const struct uidset *what)
{
	struct uidset out = { 0 };
	size_t k = 0;

	if (what->n == 0)
		return;
	for (size_t i = 0; i < from->n; i++) {
		while (k < what->n && what->v[k].last < from->v[i].first)
			k++;
		append_without(&out, from->v[i], what, k);
	}
	free(from->v);
	*from = out;
}

void uidset_intersect(const struct uidset *a, const struct uidset *b,
                      struct uidset *out)
{
	size_t i = 0;
	size_t k = 0;

	assert(out != a && out != b);
	uidset_clear(out);
	while (i < a->n && k < b->n) {
		struct uidrange x = a->v[i];
		struct uidrange y = b->v[k];
		struct uidrange r = { x.first > y.first ? x.first : y.first,
			              x.last < y.last ? x.last : y.last };

		if (r.first <= r.last)
			append(out, r);
		if (x.last <= y.last)
			i++;
		else
			k++;
	}
}

void uidset_take(struct uidset *from, uint32_t n, struct uidset *to)
{
	size_t whole = 0;

	uidset_clear(to);
	while (n != 0 && whole < from->n) {
		struct uidrange *r = &from->v[whole];

		if (r->last - r->first >= n) {
			append(to, (struct uidrange){ r->first,
			                              r->first + (n - 1) });
			r->first += n;
			break;
		}
		append(to, *r);
		n -= r->last - r->first + 1;
		whole++;
	}
	erase(from, 0, whole);
}

bool uidset_has(const struct uidset *s, uint32_t uid)
{
	size_t at = uidset_find(s, uid);

	return at < s->n && s->v[at].first <= uid;
}

bool uidset_eq(const struct uidset *a, const struct uidset *b)
{
	return a->n == b->n &&
	       (a->n == 0 || !memcmp(a->v, b->v, a->n * sizeof *a->v));
}

uint64_t uidset_count(const struct uidset *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += (uint64_t)s->v[i].last - s->v[i].first + 1;
	return n;
}

bool uidset_next(const struct uidset *s, uint32_t *uid)
{
	size_t at;

	if (*uid == UINT32_MAX)
		return false;
	at = uidset_find(s, *uid + 1);
	if (at == s->n)
		return false;
	*uid = s->v[at].first > *uid ? s->v[at].first : *uid + 1;
	return true;
}

void uidset_write(const struct uidset *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		if (i != 0)
			buf_byte(out, ',');
		buf_number(out, s->v[i].first);
		if (s->v[i].last == s->v[i].first)
			continue;
		buf_byte(out, ':');
		buf_number(out, s->v[i].last);
	}
}

void uidset_check(const struct uidset *s)
{
	assert(s->n <= s->cap);
	for (size_t i = 0; i < s->n; i++) {
		assert(s->v[i].first != 0);
		assert(s->v[i].first <= s->v[i].last);
		assert(i == 0 || s->v[i].first - 1 > s->v[i - 1].last);
	}
}
