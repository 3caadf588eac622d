/* thread.c -- see thread.h. */
#include "mailbox/thread.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { KIN = 32, PARENTS = 4, NEIGHBOURS = 16 };

struct thread_row {
	uint64_t id;
	uint64_t thread; /* 0: taken out in this change */
};

/* The ids of one message, hashed; none is 0. */
struct kin {
	uint64_t own;      /* 0: it has none */
	uint64_t ids[KIN]; /* that it names, the nearest first */
	size_t n;
	uint64_t root;
};

static uint64_t hash_id(const struct change *c, struct slice id)
{
	uint64_t hash = hash_siphash(c->account->meta.id_key, id);

	return hash != 0 ? hash : 1;
}

/* -- which ids there are -- */

static uint64_t first_id(const struct change *c, struct slice list)
{
	struct slice first, rest;

	slice_cut(list, ' ', &first, &rest);
	return first.len != 0 ? hash_id(c, first) : 0;
}

static void add_parents(struct kin *k, const struct change *c,
                        struct slice list)
{
	while (list.len != 0 && k->n < PARENTS) {
		struct slice id;

		slice_cut(list, ' ', &id, &list);
		k->ids[k->n++] = hash_id(c, id);
	}
}

/* From the last one, which is the nearest; the first one always. */
static void add_references(struct kin *k, const struct change *c,
                           struct slice list)
{
	while (list.len != 0 && k->n < KIN - 1) {
		size_t space = slice_rfind_byte(list, ' ');
		size_t at = space != SLICE_NONE ? space + 1 : 0;

		k->ids[k->n++] = hash_id(c, slice_from(list, at));
		list = slice_first(list, at != 0 ? at - 1 : 0);
	}
	if (list.len != 0)
		k->ids[k->n++] = first_id(c, list);
}

static struct kin kin_of(const struct change *c, const struct digest *d,
                         const struct content_hash *blob)
{
	struct slice parents = digest_field(d, DIGEST_IN_REPLY_TO);
	struct slice references = digest_field(d, DIGEST_REFERENCES);
	struct kin k = { .own = first_id(c, digest_field(d, DIGEST_MESSAGE_ID)),
		         .root = first_id(c, references) };

	if (k.root == 0)
		k.root = first_id(c, parents);
	if (k.root == 0)
		k.root = k.own;
	if (k.root == 0)
		k.root = hash_id(c, slice_of(blob->bytes, sizeof blob->bytes));
	add_parents(&k, c, parents);
	add_references(&k, c, references);
	return k;
}

/* -- what this change has put -- */

static struct thread_row *slot_of(const struct threads *t, uint64_t id)
{
	size_t at = id & (t->cap - 1);

	while (t->rows[at].id != 0 && t->rows[at].id != id)
		at = (at + 1) & (t->cap - 1);
	return &t->rows[at];
}

static void grow(struct threads *t)
{
	struct threads bigger = { .cap = t->cap != 0 ? t->cap * 2 : 64 };

	bigger.rows = mem_new(bigger.cap, sizeof *bigger.rows);
	for (size_t i = 0; i < t->cap; i++)
		if (t->rows[i].id != 0)
			*slot_of(&bigger, t->rows[i].id) = t->rows[i];
	free(t->rows);
	t->rows = bigger.rows;
	t->cap = bigger.cap;
}

static void note(struct threads *t, uint64_t id, uint64_t thread)
{
	struct thread_row *row;

	if (t->n * 2 >= t->cap)
		grow(t);
	row = slot_of(t, id);
	t->n += row->id == 0;
	*row = (struct thread_row){ id, thread };
}

void threads_free(struct threads *t)
{
	free(t->rows);
	*t = (struct threads){ 0 };
}

/* -- the table -- */

/* ERR_ABSENT when nothing leads from there. */
static struct err look_up(struct threads *t, uint64_t id, uint64_t *thread)
{
	struct account *a = t->change->account;
	struct store_key key = key_thread(a->id, id);
	const struct thread_row *noted = t->cap != 0 ? slot_of(t, id) : NULL;
	struct slice value;
	struct err e;

	if (noted != NULL && noted->id != 0) {
		*thread = noted->thread;
		return *thread != 0 ? OK : err(ERR_ABSENT, "no such id");
	}
	e = store_get(account_partition(a), store_key_slice(&key), &value);
	if (is_ok(e) && value.len != THREAD_ROW)
		return err(ERR_CORRUPT, "the table of threads is damaged");
	if (is_ok(e))
		*thread = get_le64(value.ptr);
	return e;
}

/* The oldest row of those from `from` on that is still there; 0: none. */
static struct err oldest_from(struct threads *t, const struct store_key *from,
                              uint64_t *id)
{
	struct account *a = t->change->account;
	struct store_key prefix = key_table(a->id, T_THREAD);
	struct store_cursor c =
		store_cursor(account_partition(a), store_key_slice(&prefix),
	                     store_key_slice(from));
	struct cursor_row row;
	uint32_t oldest = UINT32_MAX;

	*id = 0;
	for (int i = 0; i < NEIGHBOURS && store_cursor_next(&c, &row); i++) {
		uint64_t found = key_modseq(row.key);
		uint32_t made = row.value.len == THREAD_ROW
		                        ? get_le32(row.value.ptr + 8)
		                        : 0;

		if (made >= oldest ||
		    (t->cap != 0 && slot_of(t, found)->id != 0))
			continue;
		oldest = made;
		*id = found;
	}
	return c.e;
}

static struct err displace(struct threads *t, uint64_t id)
{
	struct account *a = t->change->account;
	struct store_key from = key_thread(a->id, id);
	struct store_key start = key_table(a->id, T_THREAD);
	struct store_key key;
	uint64_t old;
	struct err e = oldest_from(t, &from, &old);

	if (is_ok(e) && old == 0)
		e = oldest_from(t, &start, &old);
	if (!is_ok(e) || old == 0)
		return e;
	key = key_thread(a->id, old);
	batch_delete(t->change->batch, store_key_slice(&key));
	note(t, old, 0);
	t->change->after.thread_ids--;
	return OK;
}

static struct err put_row(struct threads *t, uint64_t id, uint64_t thread)
{
	struct change *c = t->change;
	const struct clock *clock = account_clock(c->account);
	struct store_key key = key_thread(c->account->id, id);
	uint8_t row[THREAD_ROW];
	struct err e = OK;

	if (c->after.thread_ids >= LIMIT_THREAD_IDS)
		e = displace(t, id);
	/* all that is there has been put or taken out by this change */
	if (!is_ok(e) || c->after.thread_ids >= LIMIT_THREAD_IDS)
		return e;
	put_le64(row, thread);
	put_le32(row + 8, (uint32_t)clock->wall_s(clock));
	batch_put(c->batch, store_key_slice(&key), slice_of(row, sizeof row));
	note(t, id, thread);
	c->after.thread_ids++;
	return OK;
}

/* The first id that leads somewhere decides. */
static struct err find_thread(struct threads *t, const struct kin *k,
                              uint64_t *thread)
{
	struct err e = err(ERR_ABSENT, "it has no id");

	if (k->own != 0)
		e = look_up(t, k->own, thread);
	for (size_t i = 0; i < k->n && e.code == ERR_ABSENT; i++)
		e = look_up(t, k->ids[i], thread);
	if (e.code != ERR_ABSENT)
		return e;
	*thread = k->root;
	return OK;
}

static struct err lead_to(struct threads *t, uint64_t id, uint64_t thread)
{
	uint64_t found;
	struct err e = look_up(t, id, &found);

	return e.code == ERR_ABSENT ? put_row(t, id, thread) : e;
}

struct err threads_join(struct threads *t, struct slice digest,
                        const struct content_hash *blob, uint64_t *thread)
{
	struct digest d;
	struct kin k;
	struct err e = digest_open_fields(digest, &d);

	if (!is_ok(e))
		return e;
	k = kin_of(t->change, &d, blob);
	e = find_thread(t, &k, thread);
	for (size_t i = 0; i < k.n && is_ok(e); i++)
		e = lead_to(t, k.ids[i], *thread);
	/* the oldest of a thread is found without a row */
	if (is_ok(e) && k.own != 0 && k.own != *thread)
		e = lead_to(t, k.own, *thread);
	return e;
}
