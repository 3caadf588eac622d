/* hashmap.c -- see hashmap.h. Open addressing, at most half full. */
#include "mailbox/hashmap.h"

#include <stdlib.h>

#include "base/mem.h"
#include "task/task.h"

enum { FEWEST = 64 };

static struct hashmap_slot *find(const struct hashmap *m, uint64_t hash)
{
	size_t at = hash & (m->cap - 1);

	while (m->v[at].value != 0 && m->v[at].hash != hash)
		at = (at + 1) & (m->cap - 1);
	return &m->v[at];
}

static void grow(struct hashmap *m, size_t cap)
{
	struct hashmap old = *m;

	m->v = mem_new(cap, sizeof *m->v);
	m->cap = cap;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.v[i].value != 0)
			*find(m, old.v[i].hash) = old.v[i];
		if (i % 256 == 0)
			task_pause();
	}
	hashmap_free(&old);
}

void hashmap_expect(struct hashmap *m, size_t n)
{
	size_t cap = FEWEST;

	while (cap / 2 < n)
		cap *= 2;
	if (cap > m->cap)
		grow(m, cap);
}

uint32_t *hashmap_at(struct hashmap *m, uint64_t hash)
{
	struct hashmap_slot *slot;

	if (m->n >= m->cap / 2)
		hashmap_expect(m, m->n + 1);
	slot = find(m, hash);
	if (slot->value == 0) {
		slot->hash = hash;
		m->n++; /* as if the caller set it: at worst it grows early */
	}
	return &slot->value;
}

void hashmap_free(struct hashmap *m)
{
	free(m->v);
	*m = (struct hashmap){ 0 };
}
