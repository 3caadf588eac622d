/*
 * admission.c -- crowds in a keyed hash table, networks ordered by size.
 *
 * by_size[n] lists the networks with n guests that could go, so that the
 * largest is found without looking at all.
 */
#include "gate/admission.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/mem.h"

enum { BUCKETS = 4096 };

struct crowd_key {
	struct network network;
	uint8_t level;
};

_Static_assert(sizeof(struct crowd_key) == 18,
               "no bytes that differ by chance");

struct crowd {
	struct crowd_key key;
	uint32_t count;  /* guests */
	uint32_t can_go; /* of them, those in the list */
	struct guest *oldest;
	struct guest *youngest;
	uint64_t refused_ms;  /* the last refusal, maybe yet to come */
	struct crowd *next;   /* in the bucket */
	struct crowd *before; /* in by_size, among its equals */
	struct crowd *after;
};

struct admission {
	void (*evict)(struct guest *);
	uint32_t limits[LEVELS];
	uint32_t count;
	struct crowd **by_size;
	uint32_t sizes; /* entries of by_size */
	uint32_t largest;
	struct crowd *buckets[BUCKETS];
};

struct admission *admission_new(void (*evict)(struct guest *))
{
	struct admission *a = mem_new(1, sizeof *a);

	a->evict = evict;
	return a;
}

void admission_free(struct admission *a)
{
	assert(a->count == 0);
	free(a->by_size);
	free(a);
}

void admission_set_limits(struct admission *a, const struct gate_limits *l)
{
	a->limits[LEVEL_HOST] = l->per_host;
	a->limits[LEVEL_SITE] = l->per_site;
	a->limits[LEVEL_NETWORK] = l->per_network;
	a->limits[LEVEL_ALL] = l->in_all;
}

uint64_t admission_refuse(struct guest *g, uint64_t at_ms, uint64_t tick_ms)
{
	struct crowd *host = g->at[LEVEL_HOST].crowd;

	if (g->is_trusted || host == NULL)
		return at_ms;
	if (host->refused_ms != 0 && at_ms < host->refused_ms + tick_ms)
		at_ms = host->refused_ms + tick_ms;
	host->refused_ms = at_ms;
	return at_ms;
}

static struct crowd_key key_of(const struct address *addr, enum level level)
{
	static const uint8_t ipv4_bits[LEVELS] = { 128, 128, 120, 0 };
	static const uint8_t ipv6_bits[LEVELS] = { 64, 56, 48, 0 };
	const uint8_t *bits = address_is_ipv4(addr) ? ipv4_bits : ipv6_bits;

	return (struct crowd_key){ network_of(addr, bits[level]),
		                   (uint8_t)level };
}

static struct crowd **bucket_of(struct admission *a,
                                const struct crowd_key *key)
{
	return &a->buckets[hash_keyed(slice_of(key, sizeof *key)) % BUCKETS];
}

static struct crowd *crowd_find(struct admission *a,
                                const struct crowd_key *key)
{
	struct crowd *c = *bucket_of(a, key);

	while (c != NULL && memcmp(&c->key, key, sizeof *key) != 0)
		c = c->next;
	return c;
}

static struct crowd *crowd_get(struct admission *a, const struct crowd_key *key)
{
	struct crowd *c = crowd_find(a, key);

	if (c != NULL)
		return c;
	c = mem_new(1, sizeof *c);
	c->key = *key;
	c->next = *bucket_of(a, key);
	*bucket_of(a, key) = c;
	return c;
}

static void crowd_drop(struct admission *a, struct crowd *c)
{
	struct crowd **at = bucket_of(a, &c->key);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

static void unlist_size(struct admission *a, struct crowd *c)
{
	if (c->before != NULL)
		c->before->after = c->after;
	else
		a->by_size[c->can_go] = c->after;
	if (c->after != NULL)
		c->after->before = c->before;
	while (a->largest != 0 && a->by_size[a->largest] == NULL)
		a->largest--;
}

static void grow_sizes(struct admission *a, uint32_t size)
{
	uint32_t most = a->sizes != 0 ? a->sizes : 64;

	while (most <= size)
		most *= 2;
	a->by_size = mem_resize(a->by_size, most, sizeof(struct crowd *));
	memset(a->by_size + a->sizes, 0,
	       (most - a->sizes) * sizeof(struct crowd *));
	a->sizes = most;
}

static void list_size(struct admission *a, struct crowd *c)
{
	if (c->can_go >= a->sizes)
		grow_sizes(a, c->can_go);
	c->before = NULL;
	c->after = a->by_size[c->can_go];
	if (c->after != NULL)
		c->after->before = c;
	a->by_size[c->can_go] = c;
	if (c->can_go > a->largest)
		a->largest = c->can_go;
}

static void resize(struct admission *a, struct crowd *c, uint32_t can_go)
{
	bool is_ordered = c->key.level == LEVEL_NETWORK;

	if (is_ordered && c->can_go != 0)
		unlist_size(a, c);
	c->can_go = can_go;
	if (is_ordered && can_go != 0)
		list_size(a, c);
}

static void list_guest(struct admission *a, struct guest *g, enum level l)
{
	struct crowd *c = g->at[l].crowd;

	g->at[l].younger = NULL;
	g->at[l].older = c->youngest;
	if (c->youngest != NULL)
		c->youngest->at[l].younger = g;
	else
		c->oldest = g;
	c->youngest = g;
	resize(a, c, c->can_go + 1);
}

static void unlist_guest(struct admission *a, struct guest *g, enum level l)
{
	struct crowd *c = g->at[l].crowd;
	struct guest *older = g->at[l].older;
	struct guest *younger = g->at[l].younger;

	if (older != NULL)
		older->at[l].younger = younger;
	else
		c->oldest = younger;
	if (younger != NULL)
		younger->at[l].older = older;
	else
		c->youngest = older;
	resize(a, c, c->can_go - 1);
}

void admission_hold(struct admission *a, struct guest *g)
{
	if (!g->can_go)
		return;
	g->can_go = false;
	for (enum level l = 0; l < LEVELS; l++)
		unlist_guest(a, g, l);
}

void admission_unhold(struct admission *a, struct guest *g)
{
	if (g->can_go || g->is_trusted)
		return;
	g->can_go = true;
	for (enum level l = 0; l < LEVELS; l++)
		list_guest(a, g, l);
}

/* Whom a newcomer to this crowd would push out, or NULL. */
static struct guest *who_goes(struct admission *a, struct crowd *c)
{
	if (c->key.level != LEVEL_ALL)
		return c->oldest;
	return a->largest != 0 ? a->by_size[a->largest]->oldest : NULL;
}

static bool make_room(struct admission *a, const struct address *addr,
                      enum level level)
{
	struct crowd_key key = key_of(addr, level);
	struct crowd *c;

	while ((c = crowd_find(a, &key)) != NULL &&
	       c->count >= a->limits[level]) {
		struct guest *g = who_goes(a, c);

		if (g == NULL) {
			counter_add(COUNTER_TURNED_AWAY, 1);
			return false;
		}
		counter_add(COUNTER_TURNED_AWAY + 1, 1);
		a->evict(g);
	}
	return true;
}

bool admission_enter(struct admission *a, struct guest *g,
                     const struct address *addr, bool is_trusted)
{
	for (enum level l = is_trusted ? LEVEL_ALL : LEVEL_HOST; l < LEVELS;
	     l++) {
		if (!make_room(a, addr, l))
			return false;
	}
	*g = (struct guest){ .is_trusted = is_trusted };
	for (enum level l = 0; l < LEVELS; l++) {
		struct crowd_key key = key_of(addr, l);

		g->at[l].crowd = crowd_get(a, &key);
		g->at[l].crowd->count++;
	}
	a->count++;
	counter_rise(COUNTER_GUESTS);
	admission_unhold(a, g);
	return true;
}

void admission_leave(struct admission *a, struct guest *g)
{
	if (g->at[LEVEL_ALL].crowd == NULL)
		return;
	admission_hold(a, g);
	for (enum level l = 0; l < LEVELS; l++) {
		struct crowd *c = g->at[l].crowd;

		g->at[l].crowd = NULL;
		if (--c->count == 0)
			crowd_drop(a, c);
	}
	a->count--;
	counter_fall(COUNTER_GUESTS);
}
