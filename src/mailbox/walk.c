/*
 * walk.c -- going through the records of a mailbox.
 *
 * Chunks are found by the greatest key that is not above the UID wanted, then
 * one after another with a cursor. Their heads, which lie together, decide
 * whether a chunk has to be looked into at all: of a million messages they are
 * a megabyte, the chunks forty.
 */
#include <assert.h>

#include "mailbox/seen.h"
#include "mailbox/view.h"

struct chunk_walk chunk_walk(struct mailbox *m)
{
	return (struct chunk_walk){ .mailbox = m, .table = T_RECORDS };
}

struct chunk_walk head_walk(struct mailbox *m)
{
	return (struct chunk_walk){ .mailbox = m, .table = T_HEADS };
}

static struct store_key prefix_of(const struct chunk_walk *w)
{
	struct mailbox *m = w->mailbox;

	return key_messages(m->account->id, w->table, m->meta.id);
}

static struct store_key key_at(const struct chunk_walk *w, uint32_t uid)
{
	struct mailbox *m = w->mailbox;

	return key_message(m->account->id, w->table, m->meta.id, uid);
}

static struct err open_row(const struct chunk_walk *w,
                           const struct cursor_row *row, struct chunk *out)
{
	if (w->table == T_HEADS)
		return chunk_open_head(key_uid(row->key), row->value, out);
	return chunk_open(row->value, out);
}

/* From then on the cursor gives chunks whose key is at least `uid`. */
static void position(struct chunk_walk *w, uint32_t uid)
{
	struct store_key prefix = prefix_of(w);
	struct store_key from = key_at(w, uid);

	w->cursor =
		store_cursor(account_partition(w->mailbox->account),
	                     store_key_slice(&prefix), store_key_slice(&from));
	w->positioned = true;
}

/* The first chunk that begins at `wanted` or behind it. */
static bool next_by_cursor(struct chunk_walk *w, uint32_t wanted,
                           struct chunk *out)
{
	struct cursor_row row;

	if (!w->positioned)
		position(w, wanted);
	if (store_cursor_next(&w->cursor, &row))
		w->e = open_row(w, &row, out);
	else
		w->e = is_ok(w->cursor.e) ? err(ERR_ABSENT, NULL) : w->cursor.e;
	return is_ok(w->e);
}

/* The chunk that `wanted` is in, or would be; else the one behind it. */
static bool next_by_search(struct chunk_walk *w, uint32_t wanted,
                           struct chunk *out)
{
	struct store_key prefix = prefix_of(w);
	struct store_key key = key_at(w, wanted);
	struct cursor_row row;

	w->e = store_floor(account_partition(w->mailbox->account),
	                   store_key_slice(&prefix), store_key_slice(&key),
	                   &row);
	w->positioned = false;
	if (is_ok(w->e))
		w->e = open_row(w, &row, out);
	if (is_ok(w->e) && out->last >= wanted)
		return true;
	if (!is_ok(w->e) && w->e.code != ERR_ABSENT)
		return false;
	return next_by_cursor(w, wanted, out);
}

static uint64_t snapshot_of(const struct chunk_walk *w)
{
	return store_snapshot(account_partition(w->mailbox->account));
}

bool chunk_walk_peek(struct chunk_walk *w, uint32_t wanted, struct chunk *out)
{
	bool more;

	if (wanted == 0) /* behind the last UID there can be */
		return false;
	if (wanted == w->last + 1 && w->last != 0 &&
	    w->snapshot == snapshot_of(w))
		more = next_by_cursor(w, wanted, out);
	else
		more = next_by_search(w, wanted, out);
	if (more) {
		assert(out->last >= wanted);
		w->last = out->last;
		w->snapshot = snapshot_of(w);
	} else if (w->e.code == ERR_ABSENT) {
		w->e = OK;
	}
	return more;
}

bool chunk_walk_next(struct chunk_walk *w, uint32_t wanted, struct chunk *out)
{
	task_pause();
	return chunk_walk_peek(w, wanted, out);
}

bool chunk_walk_open(struct chunk_walk *w, const struct chunk *head,
                     struct chunk *out)
{
	if (chunk_walk_peek(w, head->first, out) && out->first == head->first)
		return true;
	if (is_ok(w->e))
		w->e = err(ERR_CORRUPT, "the mailbox's records are missing");
	return false;
}

/* -- records by UID -- */

struct record_walk mailbox_walk(struct mailbox *m, const struct uidset *uids)
{
	return (struct record_walk){ .mailbox = m, .uids = uids };
}

/* The records from `wanted` on, of the chunk that it is in or the one behind
 * that. */
static bool find_records(struct record_walk *w, uint32_t wanted)
{
	struct chunk_walk chunks = chunk_walk(w->mailbox);
	struct partition *p = account_partition(w->mailbox->account);
	struct chunk c;
	size_t at;

	if (!chunk_walk_peek(&chunks, wanted, &c)) {
		w->e = chunks.e;
		return false;
	}
	at = chunk_find(&c, wanted);
	assert(at < c.count);
	w->snapshot = store_snapshot(p);
	w->rest =
		slice_of(c.records + at * c.stride, (c.count - at) * c.stride);
	w->last = c.last;
	w->words = c.words;
	return true;
}

static bool has_records(const struct record_walk *w)
{
	struct partition *p = account_partition(w->mailbox->account);

	return w->rest.len != 0 && w->snapshot == store_snapshot(p);
}

/* The names of its keywords are in memory. */
static bool is_named(const struct record_walk *w, const struct record *r)
{
	size_t n = w->mailbox->keywords.n;

	for (size_t i = n / 64; i < w->words; i++)
		if (r->keywords.word[i] >> (i == n / 64 ? n % 64 : 0) != 0)
			return false;
	return true;
}

/* A change is in the store before it is in memory: who sees its MODSEQ must
 * see all of its flags. */
static bool give(struct record_walk *w, struct record *r)
{
	w->uid = r->uid;
	if (!is_named(w, r))
		w->e = mailbox_read_keywords(w->mailbox);
	if (w->seen != NULL && is_ok(w->e))
		w->e = seen_show(w->seen, r);
	return is_ok(w->e);
}

bool record_walk_next(struct record_walk *w, struct record *r)
{
	uint32_t wanted;

	while (is_ok(w->e) &&
	       (wanted = uid_above(w->uids, &w->range, w->uid)) != 0) {
		if ((!has_records(w) || wanted > w->last) &&
		    !find_records(w, wanted))
			return false;
		/* one that is not wanted, or that has gone by: the next */
		record_unpack(w->rest.ptr, w->words, r);
		if (r->uid > wanted) {
			w->uid = r->uid - 1;
			continue;
		}
		w->rest = slice_from(w->rest, record_stride(w->words));
		if (r->uid < wanted)
			continue;
		return give(w, r);
	}
	return false;
}

struct err mailbox_record(struct mailbox *m, uint32_t uid, struct record *out)
{
	struct uidrange range = { uid, uid };
	struct uidset one = { .v = &range, .n = 1, .cap = 1 };
	struct record_walk w = mailbox_walk(m, &one);

	if (record_walk_next(&w, out))
		return OK;
	return is_ok(w.e) ? err(ERR_ABSENT, "no such message") : w.e;
}

/* -- records by what they are -- */

struct criteria {
	uint8_t mask, want;
	uint64_t since;
};

enum verdict { NONE, SOME, ALL };

/* What a chunk's head says of all of its records. */
static enum verdict judge(const struct chunk *c, const struct criteria *k)
{
	uint8_t clear = k->mask & (uint8_t)~k->want;

	if (c->modseq <= k->since || (k->want & (uint8_t)~c->any) != 0 ||
	    (clear & c->all) != 0)
		return NONE;
	if (k->since == 0 && (k->want & (uint8_t)~c->all) == 0 &&
	    (clear & c->any) == 0)
		return ALL;
	return SOME;
}

static void find_in_chunk(const struct chunk *c, const struct criteria *k,
                          struct uidset *out)
{
	for (size_t i = 0; i < c->count; i++) {
		if ((chunk_flags(c, i) & k->mask) == k->want &&
		    chunk_modseq(c, i) > k->since)
			uidset_add(out, chunk_uid(c, i));
	}
}

/* No UID below it has what is looked for; 0: none has, which the mailbox's
 * record says. */
static uint32_t find_from(const struct mailbox *m, const struct criteria *k)
{
	uint8_t clear = k->mask & (uint8_t)~k->want;

	if (((clear & FLAG_SEEN) != 0 && m->meta.unseen == 0) ||
	    ((k->want & FLAG_DELETED) != 0 && m->meta.deleted == 0) ||
	    k->since >= m->meta.highestmodseq)
		return 0;
	return (clear & FLAG_SEEN) != 0 ? m->seen_below : 1;
}

struct err mailbox_find(struct mailbox *m, uint8_t mask, uint8_t want,
                        uint64_t since_modseq, struct uidset *out)
{
	struct criteria k = { mask, want, since_modseq };
	struct chunk_walk heads = head_walk(m);
	struct chunk_walk chunks = chunk_walk(m);
	uint32_t wanted = find_from(m, &k);
	struct chunk head, c;

	assert((want & ~mask) == 0);
	uidset_clear(out);
	while (is_ok(chunks.e) && chunk_walk_next(&heads, wanted, &head)) {
		enum verdict verdict = judge(&head, &k);

		if (verdict == ALL && chunk_is_dense(&head))
			uidset_add_range(out, head.first, head.last);
		else if (verdict != NONE && chunk_walk_open(&chunks, &head, &c))
			find_in_chunk(&c, &k, out);
		wanted = head.last + 1;
	}
	return is_ok(heads.e) ? chunks.e : heads.e;
}

static uint32_t first_unseen_in(const struct chunk *c, uint32_t from)
{
	for (size_t i = chunk_find(c, from); i < c->count; i++) {
		struct record r;

		chunk_record(c, i, &r);
		if (!(r.flags & FLAG_SEEN))
			return r.uid;
	}
	return 0;
}

/*
 * seen_below is where the last search ended. Flags may change while this
 * one gives way to others, who then lower it: it is raised only when it is
 * as it was.
 */
struct err mailbox_first_unseen(struct mailbox *m, uint32_t *uid)
{
	struct chunk_walk heads = head_walk(m);
	struct chunk_walk chunks = chunk_walk(m);
	uint32_t from = m->seen_below;
	uint64_t modseq = m->meta.highestmodseq;
	uint32_t wanted = from;
	struct chunk head, c;

	*uid = 0;
	if (m->meta.unseen == 0)
		return OK;
	while (*uid == 0 && is_ok(chunks.e) &&
	       chunk_walk_next(&heads, wanted, &head)) {
		if (head.unseen != 0 && chunk_walk_open(&chunks, &head, &c))
			*uid = first_unseen_in(&c, from);
		wanted = head.last + 1;
	}
	if (*uid != 0 && m->meta.highestmodseq == modseq)
		m->seen_below = *uid;
	return is_ok(heads.e) ? chunks.e : heads.e;
}
