/*
 * resolve.c -- from the numbers a client wrote to the UIDs they stand for.
 *
 * "4:2" is 2:4, "*" is the highest number; message numbers beyond the last
 * are an error, UIDs that are not there are not. RFC 9051 section 6.4.9
 */
#include <stdlib.h>

#include "imap/search.h"

static int by_first(const void *a, const void *b)
{
	const struct uidrange *x = a;
	const struct uidrange *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* In order, so that each range is added at the end of the set. */
static struct uidrange *sorted_ranges(const struct seq_set *set, uint32_t last,
                                      struct arena *a)
{
	struct uidrange *v = arena_array(a, set->n, sizeof *v);

	for (size_t i = 0; i < set->n; i++) {
		uint32_t x = set->v[i].first != 0 ? set->v[i].first : last;
		uint32_t y = set->v[i].last != 0 ? set->v[i].last : last;

		v[i] = x < y ? (struct uidrange){ x, y }
		             : (struct uidrange){ y, x };
	}
	qsort(v, set->n, sizeof *v, by_first);
	return v;
}

void session_named(struct session *s, const struct seq_set *set, uint32_t last,
                   struct uidset *out)
{
	struct uidrange *v;

	if (set->saved) {
		uidset_copy(out, &s->saved);
		return;
	}
	v = sorted_ranges(set, last, s->arena);
	for (size_t i = 0; last != 0 && i < set->n; i++)
		uidset_add_range(out, v[i].first, v[i].last);
}

static void resolve_uids(struct session *s, struct view *view,
                         const struct seq_set *set, struct uidset *out)
{
	struct uidset named = { 0 };

	session_named(s, set, view_last_uid(view), &named);
	uidset_intersect(&named, view_uids(view), out);
	uidset_free(&named);
}

/* SEARCH asks whether a message has a number; no message has those beyond
 * the last. For others such a number is a mistake. */
static struct err resolve_seqs(struct view *view, const struct seq_set *set,
                               bool lenient, struct arena *a,
                               struct uidset *out)
{
	uint32_t exists = view_exists(view);
	struct uidrange *v = sorted_ranges(set, exists, a);
	struct uidset named = { 0 };

	for (size_t i = 0; i < set->n; i++) {
		if (lenient && v[i].last > exists)
			v[i].last = exists;
		if (lenient && (v[i].first > v[i].last || exists == 0))
			continue;
		if (v[i].first == 0 || v[i].last > exists) {
			uidset_free(&named);
			return err(ERR_SYNTAX,
			           "there is no such message number");
		}
		uidset_add_range(&named, view_uid(view, v[i].first),
		                 view_uid(view, v[i].last));
	}
	uidset_intersect(&named, view_uids(view), out);
	uidset_free(&named);
	return OK;
}

struct err session_resolve_in(struct session *s, struct view *view,
                              const struct seq_set *set, enum set_kind kind,
                              struct uidset *out)
{
	uidset_clear(out);
	if (set->saved && view == s->view)
		uidset_intersect(&s->saved, view_uids(view), out);
	if (set->saved)
		return OK;
	if (kind != SET_UIDS)
		return resolve_seqs(view, set, kind == SET_SEARCHED, s->arena,
		                    out);
	resolve_uids(s, view, set, out);
	return OK;
}

struct err session_resolve(struct session *s, const struct seq_set *set,
                           enum set_kind kind, struct uidset *out)
{
	return session_resolve_in(s, s->view, set, kind, out);
}

void session_to_seqs(struct session *s, const struct uidset *uids,
                     struct uidset *seqs)
{
	for (size_t i = 0; i < uids->n; i++)
		uidset_add_range(seqs, view_seq(s->view, uids->v[i].first),
		                 view_seq(s->view, uids->v[i].last));
}

struct err session_all_there(struct session *s, const struct uidset *uids)
{
	struct uidset there = { 0 };
	bool all;

	if (s->uid)
		return OK;
	uidset_intersect(uids, mailbox_uids(view_mailbox(s->view)), &there);
	all = uidset_count(&there) == uidset_count(uids);
	uidset_free(&there);
	return all ? OK
	           : err(ERR_EXPUNGEISSUED,
	                 "some of the messages have been expunged");
}
