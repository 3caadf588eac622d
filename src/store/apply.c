/*
 * apply.c -- a batch becomes part of a transaction; one function an entry.
 *
 * T_BLOB counts references; a blob that is there already isn't written
 * again, whether it was committed long ago or comes earlier in this group;
 * that it is in one more mailbox then goes into the pack as a reference.
 * What a dropped blob leaves behind is counted dead in its pack's row.
 */
#include <string.h>

#include "store/internal.h"

struct target {
	const struct index *index;
	MDB_txn *txn;
	struct pack_writer *writer;
	uint32_t dead_pack;
	uint64_t dead; /* octets not yet in the row of dead_pack */
};

static struct err apply_put(struct target *t, const struct op *op)
{
	return index_put(t->index, t->txn, op->key, op->value);
}

static struct err apply_delete(struct target *t, const struct op *op)
{
	return index_delete(t->index, t->txn, op->key);
}

static int delete_from(MDB_cursor *cursor, struct slice prefix)
{
	MDB_val key = mdb_val(prefix);
	MDB_val value;
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	while (rc == 0 && slice_starts(mdb_slice(key), prefix)) {
		rc = mdb_cursor_del(cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static struct err apply_delete_prefix(struct target *t, const struct op *op)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(t->txn, t->index->dbi, &cursor);

	if (rc == 0) {
		rc = delete_from(cursor, op->key);
		mdb_cursor_close(cursor);
	}
	return index_err(t->index, rc);
}

static struct err apply_refer(struct target *t, const struct op *op)
{
	struct content_hash hash;

	memcpy(hash.bytes, op->key.ptr + op->key.len - sizeof hash.bytes,
	       sizeof hash.bytes);
	return pack_append_reference(t->writer, &hash, op->origin);
}

/* One copy more of what the packs have. */
static struct err add_copy(struct target *t, const struct op *op,
                           struct blob_place *place)
{
	struct err e;

	if (place->refs == UINT32_MAX)
		return err(ERR_LIMIT, "too many copies of one message");
	place->refs++;
	e = blob_row_put(t->index, t->txn, op->key, place);
	return is_ok(e) ? apply_refer(t, op) : e;
}

static struct err apply_add_blob(struct target *t, const struct op *op)
{
	struct blob_place place;
	struct err e = blob_row_get(t->index, t->txn, op->key, &place);

	if (is_ok(e))
		return add_copy(t, op, &place);
	if (e.code == ERR_ABSENT)
		e = pack_append(t->writer, op->spool, op->origin, &place);
	if (!is_ok(e))
		return e;
	place.refs = 1;
	return blob_row_put(t->index, t->txn, op->key, &place);
}

/* A row that the caller relies on. */
static struct err need_blob(struct target *t, const struct op *op,
                            struct blob_place *place)
{
	struct err e = blob_row_get(t->index, t->txn, op->key, place);

	if (e.code == ERR_ABSENT)
		return err(ERR_CORRUPT, "a message's bytes are missing");
	return e;
}

static struct err apply_keep_blob(struct target *t, const struct op *op)
{
	struct blob_place place;
	struct err e = need_blob(t, op, &place);

	return is_ok(e) ? add_copy(t, op, &place) : e;
}

/* The row of the pack being written doesn't know yet of what this group
 * appended, and that may be what is dropped. */
static struct err put_dead(struct target *t)
{
	struct pack_row row;
	struct err e;

	if (t->dead == 0)
		return OK;
	e = pack_row_get(t->index, t->txn, t->dead_pack, &row);
	if (!is_ok(e))
		return e;
	row.dead += t->dead;
	t->dead = 0;
	if (t->dead_pack == t->writer->number &&
	    t->writer->end != t->writer->start)
		row.total = t->writer->end;
	return pack_row_put(t->index, t->txn, t->dead_pack, &row);
}

/* Many messages of one pack are dropped one after another: its row is
 * written when another one's turn comes. */
static struct err count_dead(struct target *t, const struct blob_place *place)
{
	struct err e = OK;

	if (t->dead_pack != place->pack)
		e = put_dead(t);
	t->dead_pack = place->pack;
	t->dead += record_size(place->header, place->stored);
	return e;
}

static struct err apply_drop_blob(struct target *t, const struct op *op)
{
	struct blob_place place;
	struct err e = need_blob(t, op, &place);

	if (!is_ok(e))
		return e;
	if (--place.refs > 0)
		return blob_row_put(t->index, t->txn, op->key, &place);
	e = index_delete(t->index, t->txn, op->key);
	return is_ok(e) ? count_dead(t, &place) : e;
}

/* Dropped, or moved, since reclaim looked: then there is nothing to do. */
static struct err apply_move_blob(struct target *t, const struct op *op)
{
	struct blob_place place;
	struct err e = blob_row_get(t->index, t->txn, op->key, &place);

	if (e.code == ERR_ABSENT)
		return OK;
	if (!is_ok(e) || place.pack != op->place.pack ||
	    place.offset != op->place.offset)
		return e;
	e = count_dead(t, &place);
	if (is_ok(e))
		e = pack_append_copy(t->writer, op->fd, &place);
	return is_ok(e) ? blob_row_put(t->index, t->txn, op->key, &place) : e;
}

/* One that has become untrue meanwhile does no harm. */
static struct err apply_move_reference(struct target *t, const struct op *op)
{
	return pack_append_reference_copy(t->writer, op->fd, op->place.offset,
	                                  op->place.header);
}

static struct err apply_forget_pack(struct target *t, const struct op *op)
{
	struct pack_row row;
	struct err e = put_dead(t);

	if (is_ok(e))
		e = pack_row_get(t->index, t->txn, op->pack, &row);
	if (!is_ok(e))
		return e;
	if (row.dead != row.total || op->pack == t->writer->number)
		return err(ERR_CORRUPT, "a pack still holds messages that "
		                        "can't be found in it");
	return index_delete(t->index, t->txn, op->key);
}

static struct err (*const appliers[OP_KINDS])(struct target *,
                                              const struct op *) = {
	[OP_PUT] = apply_put,
	[OP_DELETE] = apply_delete,
	[OP_DELETE_PREFIX] = apply_delete_prefix,
	[OP_ADD_BLOB] = apply_add_blob,
	[OP_KEEP_BLOB] = apply_keep_blob,
	[OP_DROP_BLOB] = apply_drop_blob,
	[OP_REFER] = apply_refer,
	[OP_MOVE_BLOB] = apply_move_blob,
	[OP_MOVE_REFERENCE] = apply_move_reference,
	[OP_FORGET_PACK] = apply_forget_pack,
};

struct err batch_apply(struct batch *b, const struct index *index, MDB_txn *txn,
                       struct pack_writer *writer)
{
	struct target t = { .index = index, .txn = txn, .writer = writer };
	struct err e = OK;

	for (const struct op *op = b->first; is_ok(e) && op != NULL;
	     op = op->next)
		e = appliers[op->kind](&t, op);
	return is_ok(e) ? put_dead(&t) : e;
}
