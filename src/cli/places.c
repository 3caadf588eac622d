/*
 * places.c -- see places.h.
 *
 * Two arrays: places, sorted by message once all are there, and mailboxes,
 * found by a table of their keys (account and id; of a record that has no
 * id: account and name).
 */
#include "cli/places.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/mem.h"

struct known {
	struct place_mailbox mailbox;
	struct slice key;
	uint64_t newest; /* see newness() */
};

struct places {
	struct arena *arena; /* names and keys */
	struct known *mailboxes;
	uint32_t n_mailboxes;
	uint32_t *slots; /* index + 1; 0: free; a power of two of them */
	size_t n_slots;
	struct place *v;
	size_t n;
	size_t room;
};

struct places *places_new(void)
{
	struct places *p = mem_new(1, sizeof *p);

	p->arena = arena_new(SIZE_MAX);
	return p;
}

void places_free(struct places *p)
{
	if (p == NULL)
		return;
	arena_free(p->arena);
	free(p->mailboxes);
	free(p->slots);
	free(p->v);
	free(p);
}

/* -- mailboxes -- */

static void put_slot(struct places *p, uint32_t at)
{
	size_t mask = p->n_slots - 1;
	size_t slot = (size_t)hash_keyed(p->mailboxes[at].key) & mask;

	while (p->slots[slot] != 0)
		slot = (slot + 1) & mask;
	p->slots[slot] = at + 1;
}

static void grow_slots(struct places *p)
{
	free(p->slots);
	p->n_slots = p->n_slots != 0 ? 2 * p->n_slots : 64;
	p->slots = mem_new(p->n_slots, sizeof *p->slots);
	for (uint32_t i = 0; i < p->n_mailboxes; i++)
		put_slot(p, i);
}

static struct known *find_mailbox(struct places *p, struct slice key)
{
	size_t mask = p->n_slots - 1;

	if (p->n_slots == 0)
		return NULL;
	for (size_t slot = (size_t)hash_keyed(key) & mask; p->slots[slot] != 0;
	     slot = (slot + 1) & mask) {
		struct known *k = &p->mailboxes[p->slots[slot] - 1];

		if (slice_eq(k->key, key))
			return k;
	}
	return NULL;
}

static struct known *new_mailbox(struct places *p, struct slice key,
                                 const struct blob_origin *o)
{
	struct known *k;

	if (2 * ((size_t)p->n_mailboxes + 1) > p->n_slots)
		grow_slots(p);
	p->mailboxes = mem_resize(p->mailboxes, (size_t)p->n_mailboxes + 1,
	                          sizeof *p->mailboxes);
	k = &p->mailboxes[p->n_mailboxes];
	*k = (struct known){
		.mailbox.account = o->account,
		.mailbox.account_name = arena_copy(p->arena, o->account_name),
		.mailbox.name = arena_copy(p->arena, o->mailbox_name),
		.key = arena_copy(p->arena, key),
	};
	put_slot(p, p->n_mailboxes++);
	return k;
}

/* A name that was given when the mailbox's next message would have UID n is
 * newer than message n - 1 and older than message n. */
static uint64_t newness(const struct salvaged *found)
{
	return 2 * (uint64_t)found->origin.uid + (found->kind != SALVAGED_NAME);
}

static uint32_t note_mailbox(struct places *p, const struct salvaged *found)
{
	const struct blob_origin *o = &found->origin;
	struct buf key = { 0 };
	struct known *k;

	buf_u64(&key, o->account);
	buf_u32(&key, o->mailbox);
	if (o->mailbox == 0)
		buf_add(&key, o->mailbox_name);
	k = find_mailbox(p, buf_slice(&key));
	if (k == NULL)
		k = new_mailbox(p, buf_slice(&key), o);
	buf_free(&key);
	if (newness(found) >= k->newest) {
		k->newest = newness(found);
		if (!slice_eq(k->mailbox.name, o->mailbox_name))
			k->mailbox.name = arena_copy(p->arena, o->mailbox_name);
	}
	return (uint32_t)(k - p->mailboxes);
}

const struct place_mailbox *place_mailbox(const struct places *p,
                                          const struct place *place)
{
	assert(place->mailbox < p->n_mailboxes);
	return &p->mailboxes[place->mailbox].mailbox;
}

/* -- places -- */

bool places_add(void *arg, const struct salvaged *found)
{
	struct places *p = arg;
	const struct blob_origin *o = &found->origin;
	uint32_t mailbox = note_mailbox(p, found);

	if (found->kind == SALVAGED_NAME)
		return true;
	if (p->n == p->room) {
		p->room = p->room != 0 ? 2 * p->room : 1024;
		p->v = mem_resize(p->v, p->room, sizeof *p->v);
	}
	p->v[p->n++] = (struct place){
		.hash = found->hash,
		.account = o->account,
		.mailbox_id = o->mailbox,
		.mailbox = mailbox,
		.uid = o->uid,
		.from_mailbox = o->from_mailbox,
		.from_uid = o->from_uid,
		.internaldate = o->internaldate,
		.zone = o->zone,
		.flags = o->flags,
	};
	return true;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_hash(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;

	return memcmp(&x->hash, &y->hash, sizeof x->hash);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	int c = by_hash(a, b);

	if (c == 0)
		c = compare(x->account, y->account);
	if (c == 0)
		c = compare(x->mailbox_id, y->mailbox_id);
	if (c == 0 && x->mailbox_id == 0)
		c = compare(x->mailbox, y->mailbox);
	return c != 0 ? c : compare(x->uid, y->uid);
}

/* A record may be there twice: moved by reclaim, or in a torn tail. */
static void drop_doubles(struct places *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (n == 0 || by_place(&p->v[n - 1], &p->v[i]) != 0)
			p->v[n++] = p->v[i];
	p->n = n;
}

static void leave(struct places *p, const struct place *moved)
{
	struct place from = *moved;
	struct place *place;

	from.mailbox_id = moved->from_mailbox;
	from.uid = moved->from_uid;
	place = bsearch(&from, p->v, p->n, sizeof from, by_place);
	if (place != NULL)
		place->is_left = true;
}

void places_settle(struct places *p)
{
	if (p->n > 1)
		qsort(p->v, p->n, sizeof *p->v, by_place);
	drop_doubles(p);
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].from_mailbox != 0)
			leave(p, &p->v[i]);
}

struct place *places_of(struct places *p, const struct content_hash *hash,
                        size_t *n)
{
	struct place key = { .hash = *hash };
	struct place *found = NULL;
	struct place *end = p->v + p->n;
	struct place *first;

	*n = 0;
	if (p->n != 0)
		found = bsearch(&key, p->v, p->n, sizeof key, by_hash);
	if (found == NULL)
		return NULL;
	for (first = found; first > p->v && by_hash(first - 1, &key) == 0;)
		first--;
	while (first + *n < end && by_hash(first + *n, &key) == 0)
		++*n;
	return first;
}
