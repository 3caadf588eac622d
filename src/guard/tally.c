/* tally.c -- a set-associative table; who has failed least makes room. */
#include "guard/tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CHANGED_MOST = 4096 };

struct tallies {
	struct tally_rule rule;
	size_t places;
	struct tally *v;
	size_t n_changed;
	uint32_t changed[CHANGED_MOST];
	size_t n_locked;
	uint32_t *locked; /* places that were locked out; it may be over */
};

static void changed(struct tallies *t, struct tally *y)
{
	if (y->is_changed || t->n_changed == CHANGED_MOST)
		return;
	y->is_changed = true;
	t->changed[t->n_changed++] = (uint32_t)(y - t->v);
}

static void list_locked(struct tallies *t, struct tally *y)
{
	if (y->is_listed)
		return;
	y->is_listed = true;
	t->locked[t->n_locked++] = (uint32_t)(y - t->v);
}

struct tallies *tallies_new(size_t places, struct tally_rule rule)
{
	struct tallies *t = mem_new(1, sizeof *t);

	assert(places != 0 && places % TALLY_WAYS == 0);
	t->places = places;
	t->v = mem_new(places, sizeof *t->v);
	t->locked = mem_new(places, sizeof *t->locked);
	tallies_set_rule(t, rule);
	return t;
}

/* What is left in memory are hashes; whoever has their key wipes that. */
void tallies_free(struct tallies *t)
{
	free(t->v);
	free(t->locked);
	free(t);
}

void tallies_set_rule(struct tallies *t, struct tally_rule rule)
{
	assert(rule.forget_s != 0 && (rule.free == 0 || rule.first_s != 0));
	t->rule = rule;
}

/* -- time -- */

static void age(const struct tally_rule *r, struct tally *t, uint32_t now_s)
{
	uint32_t steps;

	if (t->at_s > now_s)
		t->at_s = now_s;
	if (t->until_s > now_s && t->until_s - now_s > r->most_s)
		t->until_s = now_s + r->most_s;
	steps = (now_s - t->at_s) / r->forget_s;
	if (steps == 0)
		return;
	t->failures = steps < t->failures ? (uint16_t)(t->failures - steps) : 0;
	t->at_s += steps * r->forget_s;
}

/* How long it is locked out by its last failure. */
static uint32_t lock_s(const struct tally_rule *r, const struct tally *t)
{
	uint64_t s = r->first_s;

	for (uint32_t i = r->free; i < t->failures && s < r->most_s; i++)
		s *= 2;
	return s < r->most_s ? (uint32_t)s : r->most_s;
}

bool tally_is_locked(const struct tally *t, uint32_t now_s)
{
	return now_s < t->until_s;
}

void tally_lock(struct tallies *of, struct tally *t, uint32_t now_s)
{
	t->until_s = now_s + of->rule.most_s;
	if (t->failures < of->rule.free) {
		t->failures = (uint16_t)of->rule.free; /* it is no light one */
		t->since_s = now_s;
	}
	list_locked(of, t);
	changed(of, t);
}

/* No more is counted than makes a difference. */
bool tally_fail(struct tallies *of, struct tally *t, uint32_t now_s)
{
	const struct tally_rule *r = &of->rule;
	bool was_locked;

	if (r->free == 0)
		return false;
	age(r, t, now_s);
	was_locked = t->failures >= r->free;
	if (t->failures == 0)
		t->at_s = now_s;
	if (t->failures < r->free || lock_s(r, t) < r->most_s)
		t->failures++;
	changed(of, t);
	if (t->failures < r->free)
		return false;
	if (!was_locked)
		t->since_s = now_s;
	t->until_s = now_s + lock_s(r, t);
	list_locked(of, t);
	return true;
}

size_t tallies_locked(struct tallies *t, uint32_t now_s)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_locked; i++) {
		struct tally *y = &t->v[t->locked[i]];

		age(&t->rule, y, now_s);
		y->is_listed = tally_is_locked(y, now_s);
		if (y->is_listed)
			t->locked[kept++] = t->locked[i];
	}
	t->n_locked = kept;
	return kept;
}

void tally_clear(struct tallies *of, struct tally *t)
{
	t->failures = 0;
	t->until_s = 0;
	t->n_others = 0;
	memset(t->secrets, 0, sizeof t->secrets);
	changed(of, t);
}

void tally_set_label(struct tally *t, struct slice label)
{
	label = slice_first(label, TALLY_LABEL);
	if (label.len != 0)
		memcpy(t->label, label.ptr, label.len);
	t->label_len = (uint8_t)label.len;
}

/* -- finding -- */

static struct tally *set_of(struct tallies *t, uint64_t key)
{
	return t->v + key % (t->places / TALLY_WAYS) * TALLY_WAYS;
}

struct tally *tallies_find(struct tallies *t, uint64_t key, uint32_t now_s)
{
	struct tally *set = set_of(t, key);

	for (size_t i = 0; i < TALLY_WAYS; i++) {
		if (set[i].key != key)
			continue;
		age(&t->rule, &set[i], now_s);
		return &set[i];
	}
	return NULL;
}

static bool is_lighter(const struct tally *a, const struct tally *b)
{
	if (a->under_way != b->under_way)
		return a->under_way < b->under_way;
	if (a->failures != b->failures)
		return a->failures < b->failures;
	return a->until_s != b->until_s ? a->until_s < b->until_s
	                                : a->at_s < b->at_s;
}

static struct tally *lightest(struct tallies *t, uint64_t key, uint32_t now_s)
{
	struct tally *set = set_of(t, key);
	struct tally *found = &set[0];

	for (size_t i = 0; i < TALLY_WAYS; i++) {
		if (set[i].key == 0)
			return &set[i];
		age(&t->rule, &set[i], now_s);
		if (is_lighter(&set[i], found))
			found = &set[i];
	}
	return found;
}

struct tally *tallies_get(struct tallies *t, uint64_t key, struct slice label,
                          uint32_t now_s)
{
	struct tally *found = tallies_find(t, key, now_s);
	uint32_t inherited;

	if (found != NULL)
		return found;
	found = lightest(t, key, now_s);
	inherited = found->failures;
	if (inherited >= t->rule.free)
		inherited = t->rule.free != 0 ? t->rule.free - 1 : 0;
	*found = (struct tally){ .key = key,
		                 .at_s = found->key != 0 ? found->at_s : now_s,
		                 .failures = (uint16_t)inherited,
		                 .is_changed = found->is_changed,
		                 .is_listed = found->is_listed };
	tally_set_label(found, label);
	return found;
}

/* -- what was tried -- */

unsigned tally_others(const struct tally *t, uint32_t span_s, uint32_t now_s)
{
	if (now_s < t->others_s || now_s - t->others_s >= span_s)
		return 0;
	return t->n_others;
}

static bool has_other(const struct tally *t, uint16_t other)
{
	bool found = false;

	for (size_t i = 0; i < t->n_others; i++)
		found |= t->others[i] == other;
	return found;
}

unsigned tally_other(struct tally *t, uint64_t hash, uint32_t span_s,
                     uint32_t now_s)
{
	uint16_t other = (uint16_t)hash;

	if (tally_others(t, span_s, now_s) == 0) {
		t->n_others = 0;
		t->others_s = now_s;
	}
	if (t->n_others < TALLY_OTHERS && !has_other(t, other))
		t->others[t->n_others++] = other;
	return t->n_others;
}

bool tally_has_secret(const struct tally *t, uint64_t hash)
{
	bool found = false;

	for (size_t i = 0; i < TALLY_SECRETS; i++)
		found |= t->secrets[i] == hash;
	return found && hash != 0;
}

void tally_add_secret(struct tally *t, uint64_t hash)
{
	memmove(t->secrets + 1, t->secrets,
	        (TALLY_SECRETS - 1) * sizeof *t->secrets);
	t->secrets[0] = hash;
}

/* -- all of them -- */

size_t tallies_places(const struct tallies *t)
{
	return t->places;
}

struct tally *tallies_at(struct tallies *t, size_t place, uint32_t now_s)
{
	assert(place < t->places);
	if (t->v[place].key == 0)
		return NULL;
	age(&t->rule, &t->v[place], now_s);
	return &t->v[place];
}

const struct tally *tallies_take_changed(struct tallies *t, size_t *place)
{
	struct tally *y;

	if (t->n_changed == 0)
		return NULL;
	*place = t->changed[--t->n_changed];
	y = &t->v[*place];
	y->is_changed = false;
	return y;
}

void tallies_put_back(struct tallies *t, size_t place)
{
	changed(t, &t->v[place]);
}

void tallies_put(struct tallies *t, size_t place, const struct tally *from)
{
	bool listed;

	assert(place < t->places && from->key != 0);
	if (set_of(t, from->key) != t->v + place - place % TALLY_WAYS)
		return; /* saved by a table of another size */
	listed = t->v[place].is_listed;
	t->v[place] = *from;
	t->v[place].is_listed = listed;
	if (from->until_s != 0)
		list_locked(t, &t->v[place]);
}
