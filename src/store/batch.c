/* batch.c -- a list of what is to change, in an arena, until the commit. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/internal.h"

struct batch *batch_new(struct partition *p, uint64_t account)
{
	struct batch *b = mem_new(1, sizeof *b);

	b->partition = p;
	b->account = account;
	b->arena = arena_new(SIZE_MAX);
	b->last = &b->first;
	return b;
}

void batch_drop(struct batch *b)
{
	if (b == NULL)
		return;
	arena_free(b->arena);
	free(b);
}

static struct op *add(struct batch *b, enum op_kind kind, struct slice key)
{
	struct op *op = arena_alloc(b->arena, sizeof *op);

	assert(key.len < STORE_KEY_MAX);
	op->kind = kind;
	op->key = arena_copy(b->arena, key);
	*b->last = op;
	b->last = &op->next;
	return op;
}

/* Blobs and packs are counted; nobody else writes their rows. */
static void check_key(const struct batch *b, struct slice key)
{
	assert(key.len >= 9 && get_be64(key.ptr) == b->account);
	assert(b->account != 0 ||
	       (key.ptr[8] != T_BLOB && key.ptr[8] != T_PACK));
	(void)b;
	(void)key;
}

void *batch_put_room(struct batch *b, struct slice key, size_t len)
{
	struct op *op;
	void *room = arena_alloc(b->arena, len);

	check_key(b, key);
	op = add(b, OP_PUT, key);
	op->value = slice_of(room, len);
	return room;
}

void batch_put(struct batch *b, struct slice key, struct slice value)
{
	void *room = batch_put_room(b, key, value.len);

	if (value.len != 0)
		memcpy(room, value.ptr, value.len);
}

void batch_delete(struct batch *b, struct slice key)
{
	check_key(b, key);
	add(b, OP_DELETE, key);
}

void batch_delete_prefix(struct batch *b, struct slice prefix)
{
	assert(prefix.len >= 8 && get_be64(prefix.ptr) == b->account);
	assert(b->account != 0);
	add(b, OP_DELETE_PREFIX, prefix);
}

static struct op *add_blob_op(struct batch *b, enum op_kind kind,
                              const struct content_hash *hash)
{
	struct store_key key = key_blob(hash);

	return add(b, kind, store_key_slice(&key));
}

/* The last copy of it, if it is the same again. */
static struct slice copy_name(struct batch *b, struct slice *last,
                              struct slice name)
{
	if (!slice_eq(*last, name))
		*last = arena_copy(b->arena, name);
	return *last;
}

static void set_origin(struct op *op, struct batch *b,
                       struct blob_origin origin)
{
	origin.account_name =
		copy_name(b, &b->account_name, origin.account_name);
	origin.mailbox_name =
		copy_name(b, &b->mailbox_name, origin.mailbox_name);
	op->origin = arena_alloc(b->arena, sizeof *op->origin);
	*op->origin = origin;
}

void batch_add_blob(struct batch *b, struct spool *s, struct blob_origin origin)
{
	struct op *op = add_blob_op(b, OP_ADD_BLOB, spool_hash(s));

	op->spool = s;
	set_origin(op, b, origin);
}

void batch_keep_blob(struct batch *b, const struct content_hash *hash,
                     struct blob_origin origin)
{
	set_origin(add_blob_op(b, OP_KEEP_BLOB, hash), b, origin);
}

void batch_refer(struct batch *b, const struct content_hash *hash,
                 struct blob_origin origin)
{
	static const struct content_hash none;
	struct op *op = add_blob_op(b, OP_REFER, hash != NULL ? hash : &none);

	set_origin(op, b, origin);
}

void batch_drop_blob(struct batch *b, const struct content_hash *hash)
{
	add_blob_op(b, OP_DROP_BLOB, hash);
}

void batch_move_blob(struct batch *b, const struct content_hash *hash,
                     const struct blob_place *from, int fd)
{
	struct op *op = add_blob_op(b, OP_MOVE_BLOB, hash);

	op->place = *from;
	op->fd = fd;
}

void batch_move_reference(struct batch *b, uint64_t offset, uint32_t size,
                          int fd)
{
	struct op *op = add(b, OP_MOVE_REFERENCE, S(""));

	op->place.offset = offset;
	op->place.header = size;
	op->fd = fd;
}

void batch_forget_pack(struct batch *b, uint32_t pack)
{
	struct store_key key = key_pack(pack);

	add(b, OP_FORGET_PACK, store_key_slice(&key))->pack = pack;
}

void batch_frees(struct batch *b)
{
	b->frees = true;
}

struct err batch_commit(struct batch *b)
{
	struct err e = OK;

	if (b->first != NULL) {
		committer_run(b->partition->committer, b);
		e = b->result;
	}
	batch_drop(b);
	return e;
}
