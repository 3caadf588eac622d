/*
 * seen.c -- one row a visitor and mailbox, of which he has seen anything.
 *
 * A row is the modseq of its last change (8), how many messages he has seen
 * (4), and ranges of UIDs (ranges.h). What is not there any more, between two
 * messages that he has seen, is in them too: who has read all has one range,
 * whatever was expunged, and there are never more ranges than messages.
 *
 * A change takes rows apart into sets of messages that are there, alters those,
 * and makes rows of them when the mailbox's record is put.
 *
 * A row that is damaged is as none: neither the owner's EXPUNGE nor a visitor's
 * reading is held up by it, and who changes his \Seen writes it anew.
 *
 * Invariants (roost store check): a row is what seen_pack() makes of the
 * messages in it, which are as many as it says; it is not empty; its modseq is
 * not above the mailbox's.
 */
#include "mailbox/seen.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "mailbox/ranges.h"

enum { ROW_HEAD = 8 + 4 };

struct err seen_open(struct slice row, struct seen_row *out)
{
	if (row.len > ROW_HEAD) {
		out->modseq = get_le64(row.ptr);
		out->count = get_le32(row.ptr + 8);
		if (ranges_read(slice_from(row, ROW_HEAD), out->v, &out->n))
			return OK;
	}
	return err(ERR_CORRUPT, "what somebody has seen is damaged");
}

static void log_damaged(const struct mailbox *m, uint64_t user)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "seen_damaged");

	log_text(&l, "user", account_name(m->account));
	log_text(&l, "mailbox", m->name);
	log_number(&l, "visitor", user);
	log_close(&l);
}

/* uids is overwritten. */
static void read_row(const struct mailbox *m, uint64_t user, struct slice row,
                     uint64_t *modseq, uint32_t *count, struct uidset *uids)
{
	struct uidrange *v = mem_new(row.len / RANGE_BYTES + 1, sizeof *v);
	struct seen_row r = { .v = v };

	if (!is_ok(seen_open(row, &r))) {
		log_damaged(m, user);
		r = (struct seen_row){ 0 };
	}
	uidset_clear(uids);
	for (size_t i = 0; i < r.n; i++)
		uidset_add_range(uids, v[i].first, v[i].last);
	*modseq = r.modseq;
	*count = r.count;
	free(v);
}

/* -- looking -- */

struct seen *seen_new(struct mailbox *m, uint64_t user)
{
	struct seen *s = mem_new(1, sizeof *s);

	*s = (struct seen){ .mailbox = m,
		            .user = user,
		            .snapshot = UINT64_MAX };
	return s;
}

void seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	uidset_free(&s->uids);
	free(s);
}

/* A row that has the modseq it had is the row it was. */
static void take_row(struct seen *s, struct slice row)
{
	uint32_t count;

	if (row.len <= ROW_HEAD || get_le64(row.ptr) != s->modseq)
		read_row(s->mailbox, s->user, row, &s->modseq, &count,
		         &s->uids);
}

static struct err refresh(struct seen *s)
{
	struct account *a = s->mailbox->account;
	struct store_key key = key_seen(a->id, s->mailbox->meta.id, s->user);
	struct slice row;
	struct err e =
		store_get(account_partition(a), store_key_slice(&key), &row);

	if (is_ok(e))
		take_row(s, row);
	if (e.code != ERR_ABSENT)
		return e;
	uidset_free(&s->uids);
	s->modseq = 0;
	return OK;
}

struct err seen_now(struct seen *s, const struct uidset **out)
{
	struct partition *p = account_partition(s->mailbox->account);
	struct err e = OK;

	*out = &s->uids;
	if (s->snapshot == store_snapshot(p))
		return OK;
	e = refresh(s);
	s->snapshot = is_ok(e) ? store_snapshot(p) : UINT64_MAX;
	return e;
}

static uint8_t with_seen(uint8_t flags, bool seen)
{
	return (uint8_t)((flags & ~FLAG_SEEN) | (seen ? FLAG_SEEN : 0));
}

struct err seen_show(struct seen *s, struct record *r)
{
	const struct uidset *uids;
	struct err e = seen_now(s, &uids);

	if (is_ok(e))
		r->flags = with_seen(r->flags, uidset_has(uids, r->uid));
	return e;
}

static uint32_t count_of(struct slice row)
{
	struct uidrange *v = mem_new(row.len / RANGE_BYTES + 1, sizeof *v);
	struct seen_row r = { .v = v };
	uint32_t n = is_ok(seen_open(row, &r)) ? r.count : 0;

	free(v);
	return n;
}

struct err seen_count(struct account *a, uint32_t mailbox, uint64_t user,
                      uint32_t *n)
{
	struct store_key key = key_seen(a->id, mailbox, user);
	struct slice row;
	struct err e =
		store_get(account_partition(a), store_key_slice(&key), &row);

	*n = is_ok(e) ? count_of(row) : 0;
	return e.code == ERR_ABSENT ? OK : e;
}

/* -- changing -- */

/* One visitor's, while it is being changed. */
struct seen_by {
	struct seen_by *next; /* of the edit's */
	uint64_t user;
	struct uidset uids; /* messages that are there */
	struct uidset row;  /* as it is in the store */
	uint32_t count;     /* the same */
};

static struct seen_by *find(struct edit *e, uint64_t user)
{
	struct seen_by *by = e->seen;

	while (by != NULL && by->user != user)
		by = by->next;
	return by;
}

static struct seen_by *add(struct edit *e, uint64_t user)
{
	struct seen_by *by = mem_new(1, sizeof *by);

	by->user = user;
	by->next = e->seen;
	e->seen = by;
	return by;
}

static void add_row(struct edit *e, uint64_t user, struct slice row)
{
	struct seen_by *by = add(e, user);
	uint64_t modseq;

	read_row(e->mailbox, user, row, &modseq, &by->count, &by->row);
	uidset_intersect(&by->row, &e->mailbox->uids, &by->uids);
}

struct err seen_edit(struct edit *e, uint64_t user, struct uidset **out)
{
	struct account *a = e->mailbox->account;
	struct store_key key = key_seen(a->id, e->meta.id, user);
	struct slice row;
	struct err err = mailbox_load_locked(e->mailbox);

	if (!is_ok(err))
		return err;
	if (find(e, user) == NULL) {
		err = store_get(account_partition(a), store_key_slice(&key),
		                &row);
		if (is_ok(err))
			add_row(e, user, row);
		else if (err.code == ERR_ABSENT)
			add(e, user);
	}
	if (!is_ok(err) && err.code != ERR_ABSENT)
		return err;
	*out = &find(e, user)->uids;
	return OK;
}

/* All visitors'. */
static struct err edit_all(struct edit *e)
{
	struct account *a = e->mailbox->account;
	struct store_key prefix = key_messages(a->id, T_SEEN, e->meta.id);
	struct row_walk w = row_walk(a, &prefix);
	struct err err = mailbox_load_locked(e->mailbox);
	struct cursor_row row;

	while (is_ok(err) && row_walk_next(&w, &row)) {
		if (find(e, key_user(row.key)) == NULL)
			add_row(e, key_user(row.key), row.value);
	}
	return is_ok(err) ? w.e : err;
}

struct err seen_expunge(struct edit *e, const struct uidset *gone)
{
	struct err err = edit_all(e);

	uidset_union(&e->gone, gone);
	for (struct seen_by *by = e->seen; by != NULL; by = by->next)
		uidset_subtract(&by->uids, gone);
	return err;
}

/* -- copies -- */

/* Of pairs, those whose first is in `seen`: the second ones. */
static void copies_of(const struct uidset *seen, const struct copied *pairs,
                      struct uidset *out)
{
	uint32_t to = 0;

	for (uint32_t from = 0; uidset_next(pairs->from, &from);) {
		uidset_next(pairs->to, &to);
		if (uidset_has(seen, from))
			uidset_add(out, to);
	}
}

static struct err copy_one(const struct seen_by *by, struct edit *destination,
                           const struct copied *pairs)
{
	struct uidset copies = { 0 };
	struct uidset *uids;
	struct err e = OK;

	copies_of(&by->uids, pairs, &copies);
	if (!uidset_is_empty(&copies))
		e = seen_edit(destination, by->user, &uids);
	if (is_ok(e) && !uidset_is_empty(&copies))
		uidset_union(uids, &copies);
	uidset_free(&copies);
	return e;
}

struct err seen_copy(struct edit *source, struct edit *destination,
                     const struct copied *pairs)
{
	bool may = pairs->may.flags & FLAG_SEEN;
	struct err e = edit_all(source);

	for (struct seen_by *by = source->seen; is_ok(e) && by != NULL;
	     by = by->next) {
		/* RFC 4314 section 4: who copies without the right "s" */
		if (may || by->user != pairs->may.user)
			e = copy_one(by, destination, pairs);
	}
	return e;
}

/* -- writing -- */

void seen_pack(const struct uidset *exact, const struct uidset *there,
               struct uidset *out)
{
	for (size_t i = 0; i < exact->n;) {
		uint32_t first = exact->v[i].first;
		uint32_t last, next;

		do {
			last = next = exact->v[i++].last;
		} while (i < exact->n && uidset_next(there, &next) &&
		         next == exact->v[i].first);
		uidset_add_range(out, first, last);
	}
}

static void put_row(const struct edit *e, struct change *c, uint64_t user,
                    const struct uidset *uids, uint32_t count)
{
	struct store_key key = key_seen(c->account->id, e->meta.id, user);
	char *room;

	if (count == 0) {
		batch_delete(c->batch, store_key_slice(&key));
		return;
	}
	room = batch_put_room(c->batch, store_key_slice(&key),
	                      ROW_HEAD + uids->n * RANGE_BYTES);
	put_le64(room, change_modseq(c));
	put_le32(room + 8, count);
	ranges_write(uids, room + ROW_HEAD);
}

static void put_one(const struct edit *e, struct change *c,
                    const struct seen_by *by, const struct uidset *there)
{
	uint32_t count = (uint32_t)uidset_count(&by->uids);
	struct uidset packed = { 0 };

	seen_pack(&by->uids, there, &packed);
	if (count != by->count || !uidset_eq(&packed, &by->row))
		put_row(e, c, by->user, &packed, count);
	uidset_free(&packed);
}

/* The messages that are there after the change. */
static void find_there(const struct edit *e, struct uidset *out)
{
	uint32_t uidnext = e->mailbox->meta.uidnext;

	uidset_copy(out, &e->mailbox->uids);
	uidset_subtract(out, &e->gone);
	if (e->meta.uidnext > uidnext)
		uidset_add_range(out, uidnext, e->meta.uidnext - 1);
}

void seen_put(struct edit *e, struct change *c)
{
	struct uidset there = { 0 };

	if (e->seen == NULL)
		return;
	find_there(e, &there);
	for (const struct seen_by *by = e->seen; by != NULL; by = by->next)
		put_one(e, c, by, &there);
	uidset_free(&there);
}

void seen_end(struct edit *e)
{
	while (e->seen != NULL) {
		struct seen_by *by = e->seen;

		e->seen = by->next;
		uidset_free(&by->uids);
		uidset_free(&by->row);
		free(by);
	}
	uidset_free(&e->gone);
}
