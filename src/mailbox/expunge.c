/*
 * expunge.c -- taking messages out.
 *
 * Chunks that lose records are written anew. A chunk behind one that has
 * become small is taken in with it, so that a mailbox that is emptied bit by
 * bit does not end as a long row of nearly empty chunks.
 */
#include "base/counter.h"
#include "mailbox/change.h"
#include "mailbox/content.h"
#include "mailbox/seen.h"
#include "mailbox/vanished.h"

struct expunging {
	struct change *change;
	struct edit *edit;
	struct chunk_writer writer;
	struct uid_scan scan;
	enum expunge_reason reason;
	uint8_t flags; /* that they must have */
	struct uidset *out;
	bool last_is_rewritten;
	bool last_is_empty; /* nothing was left of the last chunk */
};

static struct err drop_blob(struct expunging *x, uint32_t uid)
{
	struct content content;
	struct err e = content_get(x->edit->mailbox, uid, &content);

	/* without its digest we don't know the blob: the message is damaged,
	 * but it must be possible to get rid of it */
	if (e.code == ERR_ABSENT || e.code == ERR_CORRUPT)
		return OK;
	if (is_ok(e))
		batch_drop_blob(x->change->batch, &content.ids.blob);
	return e;
}

static struct err drop_message(struct expunging *x, const struct record *r)
{
	struct mailbox *m = x->edit->mailbox;
	struct store_key key =
		key_message(m->account->id, T_DIGEST, m->meta.id, r->uid);
	struct err e = x->reason == EXPUNGE_MOVED ? OK : drop_blob(x, r->uid);

	if (!is_ok(e))
		return e;
	batch_delete(x->change->batch, store_key_slice(&key));
	mailbox_meta_count(&x->edit->meta, r, -1);
	change_give_room(x->change, r->size, 1);
	uidset_add(x->out, r->uid);
	return OK;
}

static bool is_doomed(struct expunging *x, const struct record *r)
{
	return uid_scan_has(&x->scan, r->uid) &&
	       (r->flags & x->flags) == x->flags;
}

static bool loses_any(const struct expunging *x, const struct chunk *c)
{
	struct expunging look = { .scan = x->scan, .flags = x->flags };

	if ((x->flags & (uint8_t)~c->any) != 0)
		return false;
	for (size_t i = 0; i < c->count; i++) {
		struct record r;

		chunk_record(c, i, &r);
		if (is_doomed(&look, &r))
			return true;
	}
	return false;
}

static struct err rewrite(struct expunging *x, const struct chunk *c)
{
	/* what is left of it may be put again under the same key */
	chunk_delete(x->change->batch, x->change->account->id, x->edit->meta.id,
	             c->first);
	for (size_t i = 0; i < c->count; i++) {
		struct record r;
		struct err e = OK;

		chunk_record(c, i, &r);
		if (is_doomed(x, &r))
			e = drop_message(x, &r);
		else
			chunk_writer_add(&x->writer, &r);
		if (!is_ok(e))
			return e;
	}
	if (c->first == x->edit->meta.last_chunk) {
		x->last_is_rewritten = true;
		x->last_is_empty = x->writer.count == 0;
	}
	return OK;
}

/* Is this chunk, which loses nothing, worth joining to what is left of the
 * one before? Only when that is less than half a chunk. */
static bool is_worth_joining(const struct expunging *x, const struct chunk *c)
{
	const struct chunk_writer *w = &x->writer;

	return w->count != 0 &&
	       w->count * (RECORD_FIXED + 8u * w->words) < CHUNK_BYTES / 2 &&
	       chunk_writer_has_room(w, c);
}

static struct err expunge_chunks(struct expunging *x)
{
	struct chunk_walk w = chunk_walk(x->edit->mailbox);
	uint32_t wanted = uid_scan_next(&x->scan, 1);
	struct chunk c;

	while (wanted != 0 && chunk_walk_next(&w, wanted, &c)) {
		struct err e = OK;

		if (loses_any(x, &c) || is_worth_joining(x, &c))
			e = rewrite(x, &c);
		else
			chunk_writer_flush(&x->writer);
		if (!is_ok(e))
			return e;
		/* the next one in any case while there is something to join */
		wanted = x->writer.count != 0
		                 ? c.last + 1
		                 : uid_scan_next(&x->scan, c.last + 1);
	}
	return w.e;
}

struct err expunge_records(struct change *c, struct edit *edit,
                           const struct uidset *uids,
                           enum expunge_reason reason, struct uidset *out)
{
	struct expunging x = {
		.change = c,
		.edit = edit,
		.scan = { uids, 0 },
		.reason = reason,
		.flags = reason == EXPUNGE_DELETED ? FLAG_DELETED : 0,
		.out = out,
	};
	struct err e;

	uidset_clear(out);
	chunk_writer_init(&x.writer, c->batch, c->account->id, edit->meta.id);
	e = expunge_chunks(&x);
	if (!is_ok(e) || uidset_is_empty(out))
		return e;
	chunk_writer_flush(&x.writer);
	/* the one before the last is not looked for: the next append begins a
	 * new chunk */
	if (x.last_is_rewritten)
		edit->meta.last_chunk =
			x.last_is_empty ? 0 : x.writer.last_chunk;
	e = seen_expunge(edit, out);
	return is_ok(e) ? vanished_log(c, edit, out) : e;
}

void expunge_committed(struct mailbox *m, const struct uidset *expunged)
{
	counter_add(COUNTER_EXPUNGED, uidset_count(expunged));
	if (m->loaded)
		uidset_subtract(&m->uids, expunged);
	feed_expunged(m, expunged);
	account_notify(m->account, NOTICE_EXPUNGED, m->name, S(""));
}

static struct err expunge_locked(struct change *c, struct edit *edit,
                                 const struct uidset *uids,
                                 enum expunge_reason reason,
                                 struct uidset *expunged)
{
	struct err e;

	if (edit->mailbox->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	if (reason == EXPUNGE_DELETED && edit->meta.deleted == 0)
		return OK;
	e = expunge_records(c, edit, uids, reason, expunged);
	if (!is_ok(e) || uidset_is_empty(expunged))
		return e;
	edit_put(edit, c);
	batch_frees(c->batch);
	return change_commit(c);
}

static struct err expunge_piece(struct mailbox *m, const struct uidset *uids,
                                enum expunge_reason reason,
                                struct uidset *expunged)
{
	struct change c;
	struct edit edit;
	struct err e;

	uidset_clear(expunged);
	change_begin(&c, m->account);
	edit_begin(&edit, m);
	e = expunge_locked(&c, &edit, uids, reason, expunged);
	if (!is_ok(e))
		uidset_clear(expunged);
	edit_end(&edit, !uidset_is_empty(expunged));
	if (!uidset_is_empty(expunged))
		expunge_committed(m, expunged);
	change_end(&c);
	return e;
}

/* Which may be asked for, at the most; few that are named need no search. */
static struct err find_doomed(struct mailbox *m, const struct uidset *uids,
                              struct uidset *out)
{
	struct uidset deleted = { 0 };
	struct err e;

	if (m->meta.deleted == 0)
		return OK;
	if (uids != NULL && uidset_count(uids) <= EXPUNGE_PIECE) {
		uidset_copy(out, uids);
		return OK;
	}
	e = mailbox_find(m, FLAG_DELETED, FLAG_DELETED, 0, &deleted);
	if (uids != NULL)
		uidset_intersect(&deleted, uids, out);
	else
		uidset_copy(out, &deleted);
	uidset_free(&deleted);
	return e;
}

/* The reserve of a full disk is too small for what a large piece writes. */
static struct err expunge_or_less(struct mailbox *m, uint32_t *most,
                                  enum expunge_reason reason,
                                  struct uidset *piece, struct uidset *left,
                                  struct uidset *gone)
{
	struct err e = expunge_piece(m, piece, reason, gone);

	if (e.code != ERR_NOSPACE || *most == EXPUNGE_PIECE_FULL)
		return e;
	*most = EXPUNGE_PIECE_FULL;
	uidset_union(left, piece);
	uidset_take(left, *most, piece);
	return expunge_piece(m, piece, reason, gone);
}

static struct err expunge_pieces(struct mailbox *m, struct uidset *left,
                                 enum expunge_reason reason,
                                 struct uidset *expunged)
{
	struct uidset piece = { 0 };
	struct uidset gone = { 0 };
	uint32_t most = EXPUNGE_PIECE;
	struct err e;

	do {
		uidset_take(left, most, &piece);
		e = expunge_or_less(m, &most, reason, &piece, left, &gone);
		uidset_union(expunged, &gone);
	} while (is_ok(e) && !uidset_is_empty(left));
	uidset_free(&piece);
	uidset_free(&gone);
	return e;
}

struct err mailbox_expunge(struct mailbox *m, const struct uidset *uids,
                           struct uidset *expunged)
{
	struct uidset left = { 0 };
	struct err e = find_doomed(m, uids, &left);

	uidset_clear(expunged);
	if (is_ok(e))
		e = expunge_pieces(m, &left, EXPUNGE_DELETED, expunged);
	uidset_free(&left);
	return e;
}

struct err mailbox_remove(struct mailbox *m, const struct uidset *uids,
                          struct uidset *removed)
{
	struct uidset left = { 0 };
	struct err e;

	uidset_copy(&left, uids);
	uidset_clear(removed);
	e = expunge_pieces(m, &left, EXPUNGE_REPLACED, removed);
	uidset_free(&left);
	return e;
}
