/*
 * view.c -- message sequence numbers, and what a client has still to be told.
 *
 *      known      what the client has been told is there: ranges of UIDs,
 *                 before[i] messages stand before range i
 *      expunged   of known, no longer in the mailbox     } bounded: beyond
 *      changed    of known, with flags not yet told      } QUEUE ranges the
 *                                                          queue is dropped
 *                                                          and found again by
 *                                                          comparing
 *      new        is not kept: all that is in the mailbox from uidnext on
 *
 * Others' changes come in through feed_*(), after they are durable. Only
 * view_sync() changes `known`.
 *
 * Invariants (view_check):
 *  1. before[] are the running counts of known.
 *  2. every known UID is below uidnext.
 *  3. what is known and not in the mailbox is in expunged, or all of
 *     expunged is to be found again (lost_expunges).
 *  4. changed is within known.
 */
#include "mailbox/view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mailbox/internal.h"

enum { QUEUE = 1024 }; /* ranges of each queue */

struct view {
	struct mailbox *mailbox;
	struct view *next; /* of the mailbox's */
	void (*wake)(void *arg);
	void *arg;
	struct uidset known;
	uint32_t *before;
	size_t before_cap;
	uint32_t uidnext; /* what is here or above is new */
	struct uidset expunged;
	struct uidset changed;
	uint64_t synced; /* highestmodseq at the last view_sync */
	uint64_t told;   /* the client knows of all changes up to it */
	size_t keywords; /* how many the client has been told of */
	bool lost_expunges;
	bool lost_changes;
	bool readonly;
	bool awake; /* wake has been called */
	bool told_gone;
};

/* -- numbers -- */

static void count_from(struct view *v, size_t at)
{
	size_t n = v->known.n;

	if (n > v->before_cap) {
		v->before_cap = n + n / 2;
		v->before =
			mem_resize(v->before, v->before_cap, sizeof *v->before);
	}
	for (size_t i = at; i < n; i++) {
		struct uidrange *r = &v->known.v[i];

		v->before[i] = i == 0 ? 0
		                      : v->before[i - 1] +
		                                (r[-1].last - r[-1].first + 1);
	}
}

uint32_t view_exists(const struct view *v)
{
	size_t n = v->known.n;
	const struct uidrange *last;

	if (n == 0)
		return 0;
	last = &v->known.v[n - 1];
	return v->before[n - 1] + (last->last - last->first + 1);
}

uint32_t view_uid(const struct view *v, uint32_t seq)
{
	size_t low = 0;
	size_t high = v->known.n;

	assert(seq >= 1 && seq <= view_exists(v));
	/* the last range that begins before this number */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (v->before[mid] < seq)
			low = mid;
		else
			high = mid;
	}
	return v->known.v[low].first + (seq - v->before[low] - 1);
}

uint32_t view_seq(const struct view *v, uint32_t uid)
{
	size_t i = uidset_find(&v->known, uid);

	if (i == v->known.n || v->known.v[i].first > uid)
		return 0;
	return v->before[i] + (uid - v->known.v[i].first) + 1;
}

uint32_t view_last_uid(const struct view *v)
{
	size_t n = v->known.n;

	return n == 0 ? 0 : v->known.v[n - 1].last;
}

const struct uidset *view_uids(const struct view *v)
{
	return &v->known;
}

/* -- being -- */

struct view *view_new(struct mailbox *m, bool readonly, void (*wake)(void *arg),
                      void *arg)
{
	struct view *v = mem_new(1, sizeof *v);

	assert(m->loaded);
	*v = (struct view){
		.mailbox = m,
		.next = m->views,
		.wake = wake,
		.arg = arg,
		.uidnext = m->meta.uidnext,
		.synced = m->meta.highestmodseq,
		.told = m->meta.highestmodseq,
		.keywords = m->keywords.n,
		.readonly = readonly,
	};
	uidset_copy(&v->known, &m->uids);
	count_from(v, 0);
	m->views = v;
	m->refs++;
	m->account->refs++;
	return v;
}

void view_free(struct view *v)
{
	struct view **link = &v->mailbox->views;

	while (*link != v)
		link = &(*link)->next;
	*link = v->next;
	mailbox_close(v->mailbox);
	uidset_free(&v->known);
	uidset_free(&v->expunged);
	uidset_free(&v->changed);
	free(v->before);
	free(v);
}

struct mailbox *view_mailbox(struct view *v)
{
	return v->mailbox;
}

bool view_is_readonly(const struct view *v)
{
	return v->readonly;
}

/* -- what others change -- */

static bool has_expunges(const struct view *v)
{
	return !uidset_is_empty(&v->expunged) || v->lost_expunges;
}

bool view_has_news(const struct view *v)
{
	const struct mailbox *m = v->mailbox;
	const struct uidset *uids = &m->uids;

	return has_expunges(v) || !uidset_is_empty(&v->changed) ||
	       v->lost_changes || m->keywords.n > v->keywords ||
	       (m->gone && !v->told_gone) ||
	       (uids->n != 0 && uids->v[uids->n - 1].last >= v->uidnext);
}

uint64_t view_modseq(const struct view *v)
{
	return view_has_news(v) ? v->told : v->mailbox->meta.highestmodseq;
}

static void wake(struct view *v)
{
	if (v->awake || v->wake == NULL || !view_has_news(v))
		return;
	v->awake = true;
	v->wake(v->arg);
}

/* Adds to a queue what of `uids` the client knows; too much: lost. */
static void queue(struct view *v, struct uidset *queue, bool *lost,
                  const struct uidset *uids)
{
	struct uidset relevant = { 0 };

	if (*lost)
		return;
	uidset_intersect(&v->known, uids, &relevant);
	uidset_union(queue, &relevant);
	uidset_free(&relevant);
	if (queue->n > QUEUE) {
		uidset_free(queue);
		*lost = true;
	}
}

void feed_new(struct mailbox *m)
{
	for (struct view *v = m->views; v != NULL; v = v->next)
		wake(v);
}

void feed_flags(struct mailbox *m, const struct uidset *uids, const void *by)
{
	for (struct view *v = m->views; v != NULL; v = v->next) {
		if (v == by)
			continue;
		queue(v, &v->changed, &v->lost_changes, uids);
		wake(v);
	}
}

void feed_expunged(struct mailbox *m, const struct uidset *uids)
{
	for (struct view *v = m->views; v != NULL; v = v->next) {
		queue(v, &v->expunged, &v->lost_expunges, uids);
		wake(v);
	}
}

void feed_keywords(struct mailbox *m)
{
	for (struct view *v = m->views; v != NULL; v = v->next)
		wake(v);
}

void feed_gone(struct mailbox *m)
{
	for (struct view *v = m->views; v != NULL; v = v->next)
		wake(v);
}

/* -- telling the client -- */

struct telling {
	struct view *view;
	void (*fn)(void *arg, const struct view_event *);
	void *arg;
};

static void tell(struct telling *t, struct view_event event)
{
	t->fn(t->arg, &event);
}

/*
 * Whose flags the client is to be told of: what was queued, or what is newer
 * than the last time. Must come before new messages become known: their
 * flags are not news.
 */
static void take_changes(struct view *v, struct uidset *out)
{
	uint64_t since = v->synced;
	struct uidset found = { 0 };

	if (v->lost_changes) {
		v->lost_changes = false;
		/* what cannot be read now is looked for again next time */
		if (!is_ok(mailbox_find(v->mailbox, 0, 0, since, &found))) {
			v->lost_changes = true;
			uidset_free(&found);
			return;
		}
	}
	uidset_union(&found, &v->changed);
	uidset_intersect(&found, &v->known, out);
	uidset_clear(&v->changed);
	uidset_free(&found);
	v->synced = v->mailbox->meta.highestmodseq;
}

static void take_expunges(struct view *v, struct uidset *out)
{
	if (v->lost_expunges) {
		uidset_copy(out, &v->known);
		uidset_subtract(out, &v->mailbox->uids);
	} else {
		uidset_copy(out, &v->expunged);
	}
	uidset_clear(&v->expunged);
	v->lost_expunges = false;
}

static void drop_known(struct view *v, const struct uidset *gone)
{
	uidset_subtract(&v->known, gone);
	uidset_subtract(&v->changed, gone);
	count_from(v, 0);
}

/* Highest first: the numbers of those below stay what they were, so each
 * is right at the moment the client reads it. RFC 9051 section 7.5.1 */
static void tell_by_number(struct telling *t, const struct uidset *gone)
{
	struct view *v = t->view;
	uint32_t *seq = mem_new(gone->n + 1, sizeof *seq);

	for (size_t i = 0; i < gone->n; i++)
		seq[i] = view_seq(v, gone->v[i].first);
	drop_known(v, gone);
	for (size_t i = gone->n; i-- > 0;) {
		struct uidrange r = gone->v[i];

		for (uint32_t n = r.last - r.first + 1; n-- > 0;)
			tell(t, (struct view_event){ VIEW_EXPUNGE, seq[i] + n,
			                             r.first + n, NULL });
	}
	free(seq);
}

static void tell_by_uid(struct telling *t, const struct uidset *gone)
{
	drop_known(t->view, gone);
	if (!uidset_is_empty(gone))
		tell(t, (struct view_event){ VIEW_VANISHED, 0, 0, gone });
}

static void tell_expunges(struct telling *t, enum view_expunges how)
{
	struct uidset gone = { 0 };

	if (how == EXPUNGES_LATER)
		return;
	take_expunges(t->view, &gone);
	if (how == EXPUNGES_BY_UID)
		tell_by_uid(t, &gone);
	else
		tell_by_number(t, &gone);
	uidset_free(&gone);
}

static void tell_exists(struct telling *t)
{
	struct view *v = t->view;
	const struct uidset *uids = &v->mailbox->uids;
	size_t old = v->known.n;
	bool any = false;

	for (size_t i = uidset_find(uids, v->uidnext); i < uids->n; i++) {
		struct uidrange r = uids->v[i];

		if (r.first < v->uidnext)
			r.first = v->uidnext;
		uidset_add_range(&v->known, r.first, r.last);
		any = true;
	}
	v->uidnext = v->mailbox->meta.uidnext;
	count_from(v, old == 0 ? 0 : old - 1);
	if (any)
		tell(t, (struct view_event){ VIEW_EXISTS, view_exists(v), 0,
		                             NULL });
}

static void tell_flags(struct telling *t, const struct uidset *changed)
{
	struct view *v = t->view;

	for (uint32_t uid = 0; uidset_next(changed, &uid);) {
		uint32_t seq = view_seq(v, uid);

		/* gone meanwhile: EXPUNGE is all there is to say of it */
		if (seq != 0 && uidset_has(&v->mailbox->uids, uid))
			tell(t,
			     (struct view_event){ VIEW_FLAGS, seq, uid, NULL });
		task_pause();
	}
}

static void tell_gone(struct telling *t)
{
	if (t->view->told_gone)
		return;
	t->view->told_gone = true;
	tell(t, (struct view_event){ VIEW_GONE, 0, 0, NULL });
}

void view_sync(struct view *v, enum view_expunges expunges,
               void (*fn)(void *arg, const struct view_event *), void *arg)
{
	struct telling t = { v, fn, arg };
	uint64_t now = v->mailbox->meta.highestmodseq;
	struct uidset changed = { 0 };

	/* also when the news are gone before they were told: a message that
	 * came and went */
	v->awake = false;
	if (!view_has_news(v))
		return;
	if (v->mailbox->gone) {
		tell_gone(&t);
		return;
	}
	take_changes(v, &changed);
	if (v->mailbox->keywords.n > v->keywords) {
		v->keywords = v->mailbox->keywords.n;
		tell(&t, (struct view_event){ VIEW_KEYWORDS, 0, 0, NULL });
	}
	tell_expunges(&t, expunges);
	tell_exists(&t);
	tell_flags(&t, &changed);
	/* what has happened since `now` may still be in the queues */
	if (!v->lost_changes && !has_expunges(v))
		v->told = now;
	uidset_free(&changed);
}

void view_sync_exists(struct view *v,
                      void (*fn)(void *arg, const struct view_event *),
                      void *arg)
{
	struct telling t = { v, fn, arg };

	v->awake = false;
	if (!v->mailbox->gone)
		tell_exists(&t);
}

void view_check(const struct view *v)
{
	struct uidset missing = { 0 };
	uint32_t count = 0;

	uidset_check(&v->known);
	for (size_t i = 0; i < v->known.n; i++) {
		assert(v->before[i] == count);
		count += v->known.v[i].last - v->known.v[i].first + 1;
	}
	assert(count == view_exists(v));
	assert(view_last_uid(v) < v->uidnext);
	for (size_t i = 0; i < v->changed.n; i++) {
		assert(view_seq(v, v->changed.v[i].first) != 0);
		assert(view_seq(v, v->changed.v[i].last) != 0);
	}
	uidset_copy(&missing, &v->known);
	uidset_subtract(&missing, &v->mailbox->uids);
	assert(v->lost_expunges || v->mailbox->gone ||
	       uidset_eq(&missing, &v->expunged));
	uidset_free(&missing);
}
