/*
 * content.c -- a message's digest and its bytes.
 *
 * A row of T_DIGEST is the blob's hash, the thread u64, then the digest.
 */
#include <string.h>

#include "base/bytes.h"
#include "mailbox/content.h"

enum { CONTENT_HEAD = CONTENT_HASH_SIZE + 8 };

struct err content_open(struct slice row, struct content *out)
{
	if (row.len < CONTENT_HEAD)
		return err(ERR_CORRUPT, "a message's digest is damaged");
	memcpy(out->ids.blob.bytes, row.ptr, CONTENT_HASH_SIZE);
	out->ids.thread = get_le64(row.ptr + CONTENT_HASH_SIZE);
	out->digest = slice_from(row, CONTENT_HEAD);
	return OK;
}

void content_put(struct batch *b, struct mailbox *m, uint32_t uid,
                 const struct content *content)
{
	struct slice digest = content->digest;
	struct store_key key =
		key_message(m->account->id, T_DIGEST, m->meta.id, uid);
	uint8_t *room = batch_put_room(b, store_key_slice(&key),
	                               CONTENT_HEAD + digest.len);

	memcpy(room, content->ids.blob.bytes, CONTENT_HASH_SIZE);
	put_le64(room + CONTENT_HASH_SIZE, content->ids.thread);
	if (digest.len != 0)
		memcpy(room + CONTENT_HEAD, digest.ptr, digest.len);
}

struct err content_get(struct mailbox *m, uint32_t uid, struct content *out)
{
	struct store_key key =
		key_message(m->account->id, T_DIGEST, m->meta.id, uid);
	struct slice row;
	struct err e = store_get(account_partition(m->account),
	                         store_key_slice(&key), &row);

	if (e.code == ERR_ABSENT)
		return err(ERR_ABSENT, "the message has been expunged");
	if (!is_ok(e))
		return e;
	return content_open(row, out);
}

struct err mailbox_digest(struct mailbox *m, uint32_t uid, struct digest *out)
{
	struct content content;
	struct err e = content_get(m, uid, &content);

	return is_ok(e) ? digest_open(content.digest, out) : e;
}

struct err content_fields(struct mailbox *m, uint32_t uid, struct digest *out)
{
	struct content content;
	struct err e = content_get(m, uid, &content);

	return is_ok(e) ? digest_open_fields(content.digest, out) : e;
}

struct err mailbox_object_ids(struct mailbox *m, uint32_t uid,
                              struct object_ids *out)
{
	struct content content;
	struct err e = content_get(m, uid, &content);

	if (is_ok(e))
		*out = content.ids;
	return e;
}

struct err mailbox_message(struct mailbox *m, uint32_t uid,
                           struct blob_reader **out)
{
	struct content content;
	struct err e = content_get(m, uid, &content);

	if (!is_ok(e))
		return e;
	return blob_open(account_partition(m->account), &content.ids.blob, out);
}

/* -- many digests -- */

enum { NEAR = 4 }; /* rows passed over rather than searched */

struct digest_walk mailbox_digest_walk(struct mailbox *m,
                                       const struct uidset *uids)
{
	return (struct digest_walk){ .mailbox = m, .uids = uids };
}

static void position(struct digest_walk *w, uint32_t uid)
{
	struct mailbox *m = w->mailbox;
	struct store_key prefix =
		key_messages(m->account->id, T_DIGEST, m->meta.id);
	struct store_key from =
		key_message(m->account->id, T_DIGEST, m->meta.id, uid);

	w->cursor =
		store_cursor(account_partition(m->account),
	                     store_key_slice(&prefix), store_key_slice(&from));
	w->positioned = true;
}

/* The first row whose UID is at least `wanted`; the cursor is below it. */
static bool row_at_least(struct digest_walk *w, uint32_t wanted,
                         struct cursor_row *row)
{
	struct partition *p = account_partition(w->mailbox->account);

	if (!w->positioned || w->cursor.snapshot != store_snapshot(p) ||
	    wanted - w->uid > NEAR)
		position(w, wanted);
	while (store_cursor_next(&w->cursor, row)) {
		if (key_uid(row->key) >= wanted)
			return true;
	}
	w->e = w->cursor.e;
	return false;
}

enum { LINE = 64, AHEAD = 16 }; /* octets, lines of the processor's cache */

/* In a page of LMDB each row lies below the one before: so the next one ends
 * where this one begins, and is fetched while this one is looked at. */
static void fetch_next_early(struct slice row)
{
	uintptr_t begin = (uintptr_t)row.ptr;

	for (size_t i = 1; i <= AHEAD; i++)
		__builtin_prefetch((const void *)(begin - i * LINE));
}

bool digest_walk_next(struct digest_walk *w, uint32_t *uid, struct digest *out)
{
	struct cursor_row row;
	uint32_t wanted;

	while (is_ok(w->e) &&
	       (wanted = uid_above(w->uids, &w->range, w->uid)) != 0) {
		struct content content;

		if (!row_at_least(w, wanted, &row))
			return false;
		w->uid = key_uid(row.key);
		if (w->uid != wanted) {
			/* the row given may be wanted next: look again */
			w->uid--;
			w->positioned = false;
			continue;
		}
		fetch_next_early(row.value);
		w->e = content_open(row.value, &content);
		if (is_ok(w->e))
			w->e = digest_open_fields(content.digest, out);
		w->ids = content.ids;
		*uid = w->uid;
		return is_ok(w->e);
	}
	return false;
}
