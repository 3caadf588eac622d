/*
 * forest_ids.c -- parents by Message-ID, References and In-Reply-To.
 * RFC 5256 section 3, REFERENCES, steps 1 to 3
 *
 * A message's own last reference decides, also against what others have
 * said before. So one that has not been asked yet is not linked by others:
 * the link would be broken again. Then no link is ever broken, and whether a
 * link would make a loop is asked of sets that only ever grow (union by
 * halving paths): in as good as constant time, however deep threads are.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "mailbox/forest_make.h"
#include "task/task.h"

/* Ids that no message has get a dummy, while there are few enough. */
enum { DUMMIES_EACH = 4, DUMMIES_SOME = 4096 };

enum { AHEAD = 16 }; /* ids whose place is fetched early */

/* -- reading -- */

static uint8_t add_ids(struct forester *t, struct slice ids, uint8_t most)
{
	uint8_t n = 0;

	for (struct slice id; ids.len != 0 && n < most; n++) {
		slice_cut(ids, ' ', &id, &ids);
		buf_u64(&t->ids, hash_keyed(id));
	}
	return n;
}

/* The n last words; all if there are no more. */
static struct slice last_words(struct slice s, size_t n)
{
	for (size_t at = s.len; at != 0; at--)
		if (s.ptr[at - 1] == ' ' && --n == 0)
			return slice_from(s, at);
	return s;
}

/* Of References the first and the nearest, or the first of In-Reply-To. */
static uint8_t read_references(struct forester *t, const struct digest *d)
{
	struct slice ids = digest_field(d, DIGEST_REFERENCES);
	struct slice near = last_words(ids, THREAD_REFERENCES_MOST - 1);

	if (ids.len == 0)
		return add_ids(t, digest_field(d, DIGEST_IN_REPLY_TO), 1);
	if (near.len == ids.len)
		return add_ids(t, ids, THREAD_REFERENCES_MOST);
	return (uint8_t)(add_ids(t, ids, 1) +
	                 add_ids(t, near, THREAD_REFERENCES_MOST - 1));
}

void forest_read_ids(struct forester *t, uint32_t node, const struct digest *d)
{
	struct slice id = digest_field(d, DIGEST_MESSAGE_ID);

	t->facts[node].own = id.len != 0 ? hash_keyed(id) : 0;
	t->facts[node].ids = read_references(t, d);
}

/* Of several messages with one id the first has it. */
static void place_messages(struct forester *t)
{
	const struct forest_facts *facts = t->facts;

	for (uint32_t node = 1; node <= t->messages && forest_go_on(t, node);
	     node++) {
		uint32_t *place;

		if (node + AHEAD <= t->messages)
			hashmap_prefetch(&t->by_id, facts[node + AHEAD].own);
		if (facts[node].own == 0)
			continue;
		place = hashmap_at(&t->by_id, facts[node].own);
		if (*place == 0)
			*place = node;
	}
}

/* -- sets of nodes that are linked -- */

static uint32_t set_of(uint32_t *sets, uint32_t node)
{
	while (sets[node] != node) {
		sets[node] = sets[sets[node]];
		node = sets[node];
	}
	return node;
}

/* Unless that would make a loop. */
static void add_link(struct forester *t, uint32_t *sets, uint32_t parent,
                     uint32_t child)
{
	uint32_t above = set_of(sets, parent);
	uint32_t below = set_of(sets, child);

	if (above == below)
		return;
	t->v[child].parent = parent;
	sets[below] = above;
}

/* -- linking -- */

struct linking {
	struct forester *t;
	uint32_t *sets;
	size_t dummies; /* that may still be made */
};

/* The node of an id; 0 for one that no message has when there are too many
 * of these. */
static uint32_t node_of(struct linking *l, uint64_t id)
{
	struct forester *t = l->t;
	uint32_t *place = hashmap_at(&t->by_id, id);

	if (*place != 0)
		return *place;
	if (l->dummies == 0)
		return 0;
	l->dummies--;
	*place = forest_dummy(t);
	l->sets[*place] = *place;
	return *place;
}

static bool may_link(const struct forester *t, uint32_t node)
{
	return t->v[node].parent == 0 &&
	       (forest_is_dummy(t, node) || t->facts[node].linked);
}

/* Each id the parent of the next, and the last that of the message. */
static void link_message(struct linking *l, uint32_t node, const char *ids)
{
	struct forester *t = l->t;
	uint32_t parent = 0;

	for (uint8_t i = 0; i < t->facts[node].ids; i++) {
		uint32_t next = node_of(l, get_le64(ids + 8 * i));

		if (next == 0)
			continue;
		if (parent != 0 && may_link(t, next))
			add_link(t, l->sets, parent, next);
		parent = next;
	}
	if (parent != 0)
		add_link(t, l->sets, parent, node);
	t->facts[node].linked = true;
}

static void fetch_early(const struct forester *t, size_t from, size_t to)
{
	for (; from < to && from < t->ids.len; from += 8)
		hashmap_prefetch(&t->by_id, get_le64(t->ids.data + from));
}

static void link_messages(struct linking *l)
{
	struct forester *t = l->t;
	struct slice ids = buf_slice(&t->ids); /* maybe of nobody */
	size_t at = 0;

	for (uint32_t node = 1; node <= t->messages && forest_go_on(t, node);
	     node++) {
		size_t end = at + 8u * t->facts[node].ids;

		fetch_early(t, at + 8 * AHEAD, end + 8 * AHEAD);
		link_message(l, node, slice_from(ids, at).ptr);
		at = end;
	}
}

/* A dummy with no more than one child gives way to it: step 3. */
static void prune_roots(struct forester *t)
{
	uint32_t *children = mem_new(t->n, sizeof *children);

	for (uint32_t node = 1; node <= t->messages && forest_go_on(t, node);
	     node++) {
		uint32_t parent = t->v[node].parent;

		if (parent != 0 && forest_is_dummy(t, parent))
			parent = forest_above(t, parent);
		t->v[node].parent = parent;
		children[parent]++;
	}
	for (uint32_t node = 1; node <= t->messages && forest_go_on(t, node);
	     node++) {
		uint32_t parent = t->v[node].parent;

		if (parent != 0 && forest_is_dummy(t, parent) &&
		    children[parent] == 1)
			t->v[node].parent = 0;
	}
	free(children);
}

void forest_link_ids(struct forester *t)
{
	struct linking l = {
		.t = t,
		.dummies = DUMMIES_EACH * t->messages + DUMMIES_SOME,
	};

	l.sets = mem_new(t->n + l.dummies, sizeof *l.sets);
	for (uint32_t node = 0; node < t->n; node++)
		l.sets[node] = node;
	place_messages(t);
	link_messages(&l);
	free(l.sets);
	prune_roots(t);
}
