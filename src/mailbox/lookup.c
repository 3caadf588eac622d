/* lookup.c -- rows of the index: one by name, one by id, many by prefix. */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "mailbox/internal.h"

struct err lookup_name(struct account *a, struct slice name, uint32_t *id)
{
	struct store_key key = key_name(a->id, T_NAME, name);
	struct slice value;
	struct err e;

	e = store_get(account_partition(a), store_key_slice(&key), &value);
	if (e.code == ERR_ABSENT)
		return err(ERR_NONEXISTENT, "no such mailbox");
	if (!is_ok(e))
		return e;
	if (value.len != 4)
		return err(ERR_CORRUPT, "a mailbox name is damaged");
	*id = get_le32(value.ptr);
	return OK;
}

struct err lookup_mailbox(struct account *a, uint32_t id,
                          struct mailbox_meta *meta, struct slice *name,
                          struct slice *keywords, size_t *n)
{
	struct store_key key = key_mailbox(a->id, id);
	struct slice value;
	struct err e;

	e = store_get(account_partition(a), store_key_slice(&key), &value);
	if (e.code == ERR_ABSENT)
		return err(ERR_CORRUPT, "a mailbox has lost its record");
	if (!is_ok(e))
		return e;
	return mailbox_meta_read(value, meta, name, keywords, n);
}

/* -- many -- */

struct row_walk row_walk(struct account *a, const struct store_key *prefix)
{
	return (struct row_walk){
		.partition = account_partition(a),
		.prefix = *prefix,
		.last = { .len = 0 },
	};
}

/* Just behind the last key: the key with one more octet. */
static void position(struct row_walk *w)
{
	struct slice from = { NULL, 0 };

	if (w->last.len != 0) {
		assert(w->last.len < STORE_KEY_MAX);
		w->last.bytes[w->last.len] = 0;
		from = slice_of(w->last.bytes, w->last.len + 1u);
	}
	w->cursor =
		store_cursor(w->partition, store_key_slice(&w->prefix), from);
	w->positioned = true;
}

bool row_walk_next(struct row_walk *w, struct cursor_row *row)
{
	task_pause();
	if (!w->positioned ||
	    w->cursor.snapshot != store_snapshot(w->partition))
		position(w);
	if (!store_cursor_next(&w->cursor, row)) {
		w->e = w->cursor.e;
		return false;
	}
	assert(row->key.len <= STORE_KEY_MAX);
	memcpy(w->last.bytes, row->key.ptr, row->key.len);
	w->last.len = (uint16_t)row->key.len;
	return true;
}

struct row_walk meta_walk(struct account *a)
{
	struct store_key prefix = key_table(a->id, T_MAILBOX);

	return row_walk(a, &prefix);
}

bool meta_walk_next(struct row_walk *w, struct mailbox_meta *meta,
                    struct slice *name)
{
	struct cursor_row row;

	if (!row_walk_next(w, &row))
		return false;
	w->e = mailbox_meta_read(row.value, meta, name, NULL, NULL);
	return is_ok(w->e);
}
