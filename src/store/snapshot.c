/*
 * snapshot.c -- reading the index: one transaction a turn of the loop.
 *
 *      none ── first read ──► live ── end of turn, or a commit is done ──► none
 *
 * The transaction is begun by the first read of a turn and reset before the
 * loop sleeps, so that no reader keeps old pages from being used again. It
 * is also reset before the tasks of a commit are woken: a task that wakes
 * reads what it has written.
 *
 * A cursor belongs to one snapshot (asserted). Its MDB_cursor is borrowed
 * from a few slots; when another cursor has taken the slot meanwhile, it
 * finds its place again by key. That is why it needs no closing.
 */
#include <assert.h>
#include <string.h>

#include "store/internal.h"

/* Who reads now is told so; who comes later may find it there again. */
static struct err index_lost(struct partition *p)
{
	if (p->committer != NULL)
		committer_want_index(p->committer);
	return err(ERR_IO, "the index can't be read after a disk error");
}

static struct err snapshot_take(struct partition *p)
{
	struct snapshot *s = &p->snapshot;
	int rc;

	if (s->live)
		return OK;
	if (p->index.env == NULL)
		return index_lost(p);
	rc = s->txn == NULL
	             ? mdb_txn_begin(p->index.env, NULL, MDB_RDONLY, &s->txn)
	             : mdb_txn_renew(s->txn);
	if (rc != 0)
		return index_err(&p->index, rc);
	s->live = true;
	return OK;
}

void snapshot_drop(struct partition *p)
{
	struct snapshot *s = &p->snapshot;

	if (!s->live)
		return;
	mdb_txn_reset(s->txn);
	s->live = false;
	s->number++;
}

uint64_t store_snapshot(const struct partition *p)
{
	return p->snapshot.number;
}

void snapshot_close(struct partition *p)
{
	struct snapshot *s = &p->snapshot;

	for (size_t i = 0; i < CURSOR_SLOTS; i++) {
		if (s->slots[i].mdb != NULL)
			mdb_cursor_close(s->slots[i].mdb);
		s->slots[i] = (struct cursor_slot){ 0 };
	}
	snapshot_drop(p);
	if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	s->txn = NULL;
}

struct err store_get(struct partition *p, struct slice key, struct slice *value)
{
	struct err e = snapshot_take(p);

	return is_ok(e) ? index_get(&p->index, p->snapshot.txn, key, value) : e;
}

/* The slot taken longest ago, for this snapshot. */
static struct err take_slot(struct partition *p,
                            const struct store_cursor *owner,
                            struct cursor_slot **out)
{
	struct snapshot *s = &p->snapshot;
	struct cursor_slot *slot = &s->slots[s->next_slot++ % CURSOR_SLOTS];
	int rc = 0;

	assert(s->live);
	if (slot->mdb == NULL)
		rc = mdb_cursor_open(s->txn, p->index.dbi, &slot->mdb);
	else if (slot->snapshot != s->number)
		rc = mdb_cursor_renew(s->txn, slot->mdb);
	slot->owner = owner;
	slot->snapshot = s->number;
	*out = slot;
	return index_err(&p->index, rc);
}

static int floor_at(MDB_cursor *cursor, struct slice key,
                    struct cursor_row *out)
{
	MDB_val k = mdb_val(key);
	MDB_val v;
	int rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);

	if (rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(cursor, &k, &v, MDB_LAST);
	else if (rc == 0 && !slice_eq(mdb_slice(k), key))
		rc = mdb_cursor_get(cursor, &k, &v, MDB_PREV);
	if (rc == 0)
		*out = (struct cursor_row){ mdb_slice(k), mdb_slice(v) };
	return rc;
}

struct err store_floor(struct partition *p, struct slice prefix,
                       struct slice key, struct cursor_row *out)
{
	struct cursor_slot *slot;
	struct err e = snapshot_take(p);

	if (is_ok(e))
		e = take_slot(p, NULL, &slot);
	if (is_ok(e))
		e = index_err(&p->index, floor_at(slot->mdb, key, out));
	if (is_ok(e) && !slice_starts(out->key, prefix))
		e = err(ERR_ABSENT, "no such key");
	return e;
}

static void key_set(struct store_key *k, struct slice s)
{
	assert(s.len < STORE_KEY_MAX);
	k->len = (uint16_t)s.len;
	if (s.len != 0)
		memcpy(k->bytes, s.ptr, s.len);
}

struct store_cursor store_cursor(struct partition *p, struct slice prefix,
                                 struct slice from)
{
	struct store_cursor c;

	c.partition = p;
	key_set(&c.prefix, prefix);
	key_set(&c.next, from.len != 0 ? from : prefix);
	c.mdb = NULL;
	c.started = false;
	c.e = snapshot_take(p);
	c.snapshot = p->snapshot.number;
	return c;
}

static bool owns_slot(const struct store_cursor *c)
{
	const struct cursor_slot *slot = c->mdb;

	return slot != NULL && slot->owner == c &&
	       slot->snapshot == c->snapshot;
}

/* The next row: behind the last one, or looked up when the slot is new. */
static struct err step(struct store_cursor *c, MDB_val *key, MDB_val *value)
{
	MDB_cursor_op op = MDB_NEXT;
	struct cursor_slot *slot;

	if (!c->started || !owns_slot(c)) {
		struct err e = take_slot(c->partition, c, &slot);

		c->mdb = slot;
		if (!is_ok(e))
			return e;
		*key = mdb_val(store_key_slice(&c->next));
		op = c->next.len != 0 ? MDB_SET_RANGE : MDB_FIRST;
	}
	slot = c->mdb;
	c->started = true;
	return index_err(&c->partition->index,
	                 mdb_cursor_get(slot->mdb, key, value, op));
}

/* The least key behind this one. */
static void remember(struct store_cursor *c, struct slice key)
{
	memcpy(c->next.bytes, key.ptr, key.len);
	c->next.bytes[key.len] = 0;
	c->next.len = (uint16_t)(key.len + 1);
}

bool store_cursor_next(struct store_cursor *c, struct cursor_row *row)
{
	MDB_val key;
	MDB_val value;
	struct err e;

	if (!is_ok(c->e))
		return false;
	assert(c->partition->snapshot.live &&
	       c->snapshot == c->partition->snapshot.number);
	e = step(c, &key, &value);
	if (e.code == ERR_ABSENT)
		return false;
	if (is_ok(e) && key.mv_size >= STORE_KEY_MAX)
		e = err(ERR_CORRUPT, "a key in the index is too long");
	c->e = e;
	if (!is_ok(e) ||
	    !slice_starts(mdb_slice(key), store_key_slice(&c->prefix)))
		return false;
	remember(c, mdb_slice(key));
	*row = (struct cursor_row){ mdb_slice(key), mdb_slice(value) };
	return true;
}
