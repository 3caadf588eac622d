/*
 * context_tell.c -- what has changed in the results that are kept up to date.
 *
 *	contexts_look() ──► lost, more ──► (new ones shown) ──► contexts_tell()
 *
 * When the view has changed, only messages whose MODSEQ has risen, and new
 * ones, are searched again. The order of two messages never changes, since what
 * they are sorted by does not: so a sorted result loses some of its members and
 * gains others, no more.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/context_internal.h"

/* -- telling -- */

static uint32_t number_of(const struct session *s, const struct context *c,
                          uint32_t uid)
{
	return c->uid ? uid : view_seq(s->view, uid);
}

static void tell_begin(struct session *s, const struct context *c,
                       struct slice item)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* ESEARCH (TAG \""));
	buf_add(out, c->tag);
	buf_add(out, c->uid ? S("\") UID ") : S("\") "));
	buf_add(out, item);
	buf_add(out, S(" ("));
}

static void tell_set(struct session *s, const struct context *c,
                     struct slice item, const struct uidset *uids)
{
	struct uidset seqs = { 0 };

	if (uidset_is_empty(uids))
		return;
	if (!c->uid)
		session_to_seqs(s, uids, &seqs);
	tell_begin(s, c, item);
	buf_add(session_out(s), S("0 "));
	uidset_write(c->uid ? uids : &seqs, session_out(s));
	buf_add(session_out(s), S(")\r\n"));
	uidset_free(&seqs);
}

/* Neighbours in an order, of which `which` are told: "3 7:9 12 4", each run
 * behind the position that it has when those before it have been done. */
static void tell_positions(struct session *s, const struct context *c,
                           struct slice item, const struct uidset *which,
                           bool stay)
{
	struct buf *out = session_out(s);
	size_t done = 0;
	bool any = false;

	for (size_t i = 0; i < c->n; i++) {
		if (!uidset_has(which, c->order[i]))
			continue;
		if (!any)
			tell_begin(s, c, item);
		else
			buf_byte(out, ' ');
		any = true;
		buf_number(out, i + 1 - (stay ? 0 : done));
		buf_byte(out, ' ');
		for (size_t first = i;
		     i < c->n && uidset_has(which, c->order[i]); i++, done++) {
			if (i != first)
				buf_byte(out, ',');
			buf_number(out, number_of(s, c, c->order[i]));
		}
	}
	if (any)
		buf_add(out, S(")\r\n"));
}

static void lose(struct session *s, struct context *c, struct uidset *lost)
{
	size_t n = 0;

	uidset_subtract(&c->result, lost);
	if (c->order == NULL) {
		tell_set(s, c, S("REMOVEFROM"), lost);
		return;
	}
	tell_positions(s, c, S("REMOVEFROM"), lost, false);
	for (size_t i = 0; i < c->n; i++)
		if (!uidset_has(lost, c->order[i]))
			c->order[n++] = c->order[i];
	c->n = n;
}

/* The order with `more` in it. What has gone and is not told yet can't be
 * sorted any more: it stays where the client has it. */
static void merge(struct context *c, const uint32_t *sorted, size_t n_sorted,
                  const struct uidset *more)
{
	uint32_t *all = mem_new(c->n + n_sorted, sizeof *all);
	size_t n = 0;
	size_t done = 0;

	for (size_t i = 0; i < n_sorted; i++) {
		size_t at = done;

		if (uidset_has(more, sorted[i])) {
			all[n++] = sorted[i];
			continue;
		}
		while (at < c->n && c->order[at] != sorted[i])
			at++;
		while (at < c->n && done <= at)
			all[n++] = c->order[done++];
	}
	while (done < c->n)
		all[n++] = c->order[done++];
	free(c->order);
	c->order = all;
	c->n = n;
}

static struct err sort_in(struct session *s, struct context *c,
                          const struct uidset *more)
{
	struct mailbox *mailbox = view_mailbox(s->view);
	struct uidset there = { 0 };
	uint32_t *sorted;
	size_t n;
	struct err e;

	uidset_intersect(&c->result, mailbox_uids(mailbox), &there);
	n = (size_t)uidset_count(&there);
	sorted = mem_new(n, sizeof *sorted);
	e = mailbox_sort(mailbox, &there, c->request.keys, c->request.n_keys,
	                 sorted);
	if (is_ok(e))
		merge(c, sorted, n, more);
	free(sorted);
	uidset_free(&there);
	return e;
}

/* False: it grows too large, or can't be sorted. */
static bool gain(struct session *s, struct context *c, struct uidset *more)
{
	if (uidset_is_empty(more))
		return true;
	uidset_union(&c->result, more);
	if (c->result.n > LIMIT_CONTEXT_RANGES)
		return false;
	if (c->order == NULL) {
		tell_set(s, c, S("ADDTO"), more);
		return true;
	}
	if (uidset_count(&c->result) > LIMIT_CONTEXT_SORTED ||
	    !is_ok(sort_in(s, c, more)))
		return false;
	tell_positions(s, c, S("ADDTO"), more, true);
	return true;
}

/* -- looking again -- */

/* Of the messages that the client knows: those that may match now, or no
 * longer. */
static struct err find_changed(struct session *s, const struct context *c,
                               struct uidset *out)
{
	struct uidset changed = { 0 };
	struct err e = OK;

	if (view_last_uid(s->view) > c->last)
		uidset_add_range(&changed, c->last + 1, UINT32_MAX);
	if (is_ok(e) && context_highest_modseq(s) > c->since) {
		struct uidset newer = { 0 };

		e = mailbox_find(view_mailbox(s->view), 0, 0, c->since, &newer);
		uidset_union(&changed, &newer);
		uidset_free(&newer);
	}
	uidset_intersect(&changed, view_uids(s->view), out);
	uidset_free(&changed);
	return e;
}

/* What is in a and not in b. */
static void difference(const struct uidset *a, const struct uidset *b,
                       struct uidset *out)
{
	uidset_copy(out, a);
	uidset_subtract(out, b);
}

/* Those of a set that have a UID above `last`. */
static void above(const struct uidset *set, uint32_t last, struct uidset *out)
{
	uidset_copy(out, set);
	if (last != 0)
		uidset_remove_range(out, 1, last);
}

static struct err look_again(struct session *s, struct context *c)
{
	uint64_t since = context_highest_modseq(s);
	uint32_t last = view_last_uid(s->view);
	struct uidset changed = { 0 }, now = { 0 }, before = { 0 };
	struct err e = find_changed(s, c, &changed);

	if (is_ok(e) && !uidset_is_empty(&changed))
		e = search_among(s, &c->request.search, &changed, &now);
	uidset_intersect(&c->result, &changed, &before);
	difference(&before, &now, &c->lost);
	difference(&now, &before, &c->more);
	above(&c->more, c->last, &c->joining);
	c->since = since;
	c->last = last;
	uidset_free(&changed);
	uidset_free(&now);
	uidset_free(&before);
	return e;
}

static struct err tell_context(struct session *s, struct context *c)
{
	lose(s, c, &c->lost);
	return gain(s, c, &c->more) ? OK : err(ERR_LIMIT, "too much");
}

/* What fails is kept up to date no longer. */
static void each_context(struct session *s,
                         struct err (*fn)(struct session *, struct context *))
{
	struct context **at = &s->contexts;

	while (*at != NULL && s->view != NULL && !s->view_gone) {
		struct context *c = *at;

		if (is_ok(fn(s, c))) {
			at = &c->next;
			continue;
		}
		context_stop(s, c->tag, "it is too much to go on with");
		*at = c->next;
		context_free(c);
	}
}

void contexts_look(struct session *s)
{
	each_context(s, look_again);
}

void contexts_tell(struct session *s)
{
	each_context(s, tell_context);
}

/* -- what is shown of new messages -- */

static bool shows(const struct context *c)
{
	return c->request.search.items.len != 0;
}

void contexts_joining(const struct session *s, struct uidset *out)
{
	for (const struct context *c = s->contexts; c != NULL; c = c->next)
		if (shows(c))
			uidset_union(out, &c->joining);
}

size_t contexts_items(const struct session *s, uint32_t uid,
                      struct slice items[], struct uidset *same)
{
	size_t n = 0;

	for (const struct context *c = s->contexts; c != NULL; c = c->next) {
		struct uidset both = { 0 };

		if (!shows(c))
			continue;
		if (uidset_has(&c->joining, uid)) {
			uidset_intersect(same, &c->joining, &both);
			uidset_copy(same, &both);
			items[n++] = c->request.search.items;
		} else {
			uidset_subtract(same, &c->joining);
		}
		uidset_free(&both);
	}
	return n;
}

/* -- expunges -- */

/* Their numbers are good only before EXPUNGE. RFC 5267 section 4.3.4 */
void contexts_tell_expunges(struct session *s)
{
	const struct uidset *there = mailbox_uids(view_mailbox(s->view));

	for (struct context *c = s->contexts; c != NULL; c = c->next) {
		struct uidset gone = { 0 };

		difference(&c->result, there, &gone);
		lose(s, c, &gone);
		uidset_free(&gone);
	}
}
