/*
 * vanished.c -- the expunge log: which UIDs went with which modseq.
 *
 * Every change that expunges something adds a row of T_EXPUNGED, keyed by its
 * modseq: the ranges of UIDs, each as first and last. When a mailbox's rows
 * have more ranges than the model allows (LIMIT_EXPUNGE_LOG), the oldest rows
 * go, whole, and the mailbox's record keeps the modseq of the last one that
 * went (log_floor).
 *
 * Who asks what has vanished since a modseq below the floor, or above any
 * that was ever given out, is told of every UID that isn't there: too many
 * perhaps, never too few.
 *
 * Invariants (roost store check): rows have modseqs above the floor and not
 * above the mailbox's; log_ranges is how many ranges they have, at most
 * LIMIT_EXPUNGE_LOG; no UID in them is there.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/change.h"
#include "mailbox/vanished.h"

struct err vanished_open(struct slice row, struct uidrange *v, size_t *n)
{
	return ranges_read(row, v, n)
	               ? OK
	               : err(ERR_CORRUPT, "the expunge log is damaged");
}

static struct store_key log_of(const struct mailbox *m)
{
	return key_messages(m->account->id, T_EXPUNGED, m->meta.id);
}

/* -- writing -- */

static void put_row(struct change *c, struct edit *edit,
                    const struct uidset *uids)
{
	struct store_key key =
		key_expunged(c->account->id, edit->meta.id, change_modseq(c));
	void *room = batch_put_room(c->batch, store_key_slice(&key),
	                            uids->n * RANGE_BYTES);

	ranges_write(uids, room);
}

/* The oldest rows, until those committed have at most `most` ranges. */
static struct err prune(struct change *c, struct edit *edit, size_t most)
{
	struct store_key log = log_of(edit->mailbox);
	struct row_walk w = row_walk(c->account, &log);
	struct cursor_row row;

	while (edit->meta.log_ranges > most && row_walk_next(&w, &row)) {
		size_t n = row.value.len / RANGE_BYTES;

		if (n > edit->meta.log_ranges)
			return err(ERR_CORRUPT, "the expunge log is damaged");
		edit->meta.log_ranges -= (uint32_t)n;
		edit->meta.log_floor = key_modseq(row.key);
		batch_delete(c->batch, row.key);
	}
	return w.e;
}

struct err vanished_log(struct change *c, struct edit *edit,
                        const struct uidset *uids)
{
	size_t most = account_expunge_log(c->account);
	size_t n = uids->n;
	struct err e;

	if (n > most) {
		e = prune(c, edit, 0);
		edit->meta.log_floor = change_modseq(c);
		return e;
	}
	e = prune(c, edit, most - n);
	if (!is_ok(e))
		return e;
	put_row(c, edit, uids);
	edit->meta.log_ranges += (uint32_t)n;
	return OK;
}

/* -- reading -- */

/* Ranges of many rows, as they come. */
struct ranges {
	struct uidrange *v;
	size_t n;
	size_t cap;
};

static struct err add_row(struct ranges *all, struct slice row)
{
	size_t most = all->n + row.len / RANGE_BYTES;
	struct err e;
	size_t n;

	if (most > all->cap) {
		all->cap = most + most / 2;
		all->v = mem_resize(all->v, all->cap, sizeof *all->v);
	}
	e = vanished_open(row, all->v + all->n, &n);
	if (is_ok(e))
		all->n += n;
	return e;
}

static int by_first(const void *a, const void *b)
{
	uint32_t x = ((const struct uidrange *)a)->first;
	uint32_t y = ((const struct uidrange *)b)->first;

	return (x > y) - (x < y);
}

static struct err read_log(struct mailbox *m, uint64_t since,
                           struct uidset *out)
{
	struct store_key log = log_of(m);
	struct row_walk w = row_walk(m->account, &log);
	struct ranges all = { 0 };
	struct cursor_row row;
	struct err e = OK;

	w.last = key_expunged(m->account->id, m->meta.id, since);
	while (is_ok(e) && row_walk_next(&w, &row))
		e = add_row(&all, row.value);
	if (is_ok(e))
		e = w.e;
	if (is_ok(e) && all.n != 0)
		qsort(all.v, all.n, sizeof *all.v, by_first);
	for (size_t i = 0; is_ok(e) && i < all.n; i++)
		uidset_add_range(out, all.v[i].first, all.v[i].last);
	free(all.v);
	return e;
}

struct err mailbox_vanished(struct mailbox *m, uint64_t since,
                            const struct uidset *among, struct uidset *out)
{
	struct uidset gone = { 0 };
	struct err e = OK;

	uidset_clear(out);
	if (mailbox_remembers(m, since))
		e = read_log(m, since, &gone);
	/* it may have been cut off while we read */
	if (is_ok(e) && mailbox_remembers(m, since))
		uidset_intersect(&gone, among, out);
	else
		uidset_copy(out, among);
	uidset_subtract(out, &m->uids);
	uidset_free(&gone);
	return e;
}

bool mailbox_remembers(const struct mailbox *m, uint64_t since)
{
	return since >= m->meta.log_floor && since <= m->meta.highestmodseq;
}
