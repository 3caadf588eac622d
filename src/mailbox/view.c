/*
 * view.c -- what a client has been told, and what it has still to be told.
 *
 *      known      what the client has been told is there, with its sequence
 *                 numbers
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
 *  1. every known UID is below uidnext.
 *  2. what is known and not in the mailbox is in expunged, or all of
 *     expunged is to be found again (lost_expunges).
 *  3. changed is within known.
 */
#include "mailbox/view.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/seen.h"
#include "mailbox/sequence.h"

enum { QUEUE = 1024 }; /* ranges of each queue */

struct view {
	struct mailbox *mailbox;
	struct view *next; /* of the mailbox's */
	uint64_t user;     /* 0: the owner */
	struct seen *seen; /* the user's; NULL: the owner's is in the records */
	void (*wake)(void *arg);
	void *arg;
	struct sequence known;
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

/* -- what the client knows -- */

uint32_t view_exists(const struct view *v)
{
	return sequence_count(&v->known);
}

uint32_t view_uid(const struct view *v, uint32_t seq)
{
	return sequence_uid(&v->known, seq);
}

uint32_t view_seq(const struct view *v, uint32_t uid)
{
	return sequence_seq(&v->known, uid);
}

uint32_t view_last_uid(const struct view *v)
{
	size_t n = v->known.uids.n;

	return n == 0 ? 0 : v->known.uids.v[n - 1].last;
}

const struct uidset *view_uids(const struct view *v)
{
	return &v->known.uids;
}

/* -- being -- */

struct view *view_new(struct mailbox *m, uint64_t user, bool readonly,
                      void (*wake)(void *arg), void *arg)
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
	if (seen_is_apart(m->account, user)) {
		v->user = user;
		v->seen = seen_new(m, user);
	}
	sequence_set(&v->known, &m->uids);
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
	seen_free(v->seen);
	mailbox_close(v->mailbox);
	sequence_free(&v->known);
	uidset_free(&v->expunged);
	uidset_free(&v->changed);
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

/* -- messages, as the user sees them -- */

struct record_walk view_walk(struct view *v, const struct uidset *uids)
{
	struct record_walk w = mailbox_walk(v->mailbox, uids);

	w.seen = v->seen;
	return w;
}

struct err view_record(struct view *v, uint32_t uid, struct record *out)
{
	struct err e = mailbox_record(v->mailbox, uid, out);

	return is_ok(e) && v->seen != NULL ? seen_show(v->seen, out) : e;
}

struct err view_find(struct view *v, uint8_t mask, uint8_t want,
                     uint64_t since_modseq, struct uidset *out)
{
	uint8_t others = v->seen != NULL ? (uint8_t)~FLAG_SEEN : UINT8_MAX;
	const struct uidset *seen;
	struct uidset found = { 0 };
	struct err e = mailbox_find(v->mailbox, mask & others, want & others,
	                            since_modseq, out);

	if (!is_ok(e) || !(mask & (uint8_t)~others))
		return e;
	e = seen_now(v->seen, &seen);
	uidset_intersect(out, seen, &found);
	if (want & FLAG_SEEN)
		uidset_copy(out, &found);
	else
		uidset_subtract(out, &found);
	uidset_free(&found);
	return e;
}

struct err view_first_unseen(struct view *v, uint32_t *uid)
{
	struct uidset unseen = { 0 };
	struct err e;

	if (v->seen == NULL)
		return mailbox_first_unseen(v->mailbox, uid);
	*uid = 0;
	e = view_find(v, FLAG_SEEN, 0, 0, &unseen);
	uidset_next(&unseen, uid);
	uidset_free(&unseen);
	return e;
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
	uidset_intersect(&v->known.uids, uids, &relevant);
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

void feed_flags(struct mailbox *m, const struct uidset *changed,
                const struct uidset *for_all, const struct flag_change *what)
{
	bool apart = seen_is_apart(m->account, what->user);

	for (struct view *v = m->views; v != NULL; v = v->next) {
		bool same = v->user == (apart ? what->user : 0);

		if (v == what->by)
			continue;
		queue(v, &v->changed, &v->lost_changes,
		      same ? changed : for_all);
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
	uidset_intersect(&found, &v->known.uids, out);
	uidset_clear(&v->changed);
	uidset_free(&found);
	v->synced = v->mailbox->meta.highestmodseq;
}

static void take_expunges(struct view *v, struct uidset *out)
{
	if (v->lost_expunges) {
		uidset_copy(out, &v->known.uids);
		uidset_subtract(out, &v->mailbox->uids);
	} else {
		uidset_copy(out, &v->expunged);
	}
	uidset_clear(&v->expunged);
	v->lost_expunges = false;
}

static void drop_known(struct view *v, const struct uidset *gone)
{
	sequence_subtract(&v->known, gone);
	uidset_subtract(&v->changed, gone);
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

static void tell_expunges(struct telling *t, unsigned how)
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
	uint32_t before = view_exists(v);

	for (size_t i = uidset_find(uids, v->uidnext); i < uids->n; i++) {
		struct uidrange r = uids->v[i];

		if (r.first < v->uidnext)
			r.first = v->uidnext;
		sequence_append(&v->known, r);
	}
	v->uidnext = v->mailbox->meta.uidnext;
	if (view_exists(v) != before)
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

void view_sync(struct view *v, unsigned how,
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
	if (!(how & FLAGS_LATER))
		take_changes(v, &changed);
	if (v->mailbox->keywords.n > v->keywords) {
		v->keywords = v->mailbox->keywords.n;
		tell(&t, (struct view_event){ VIEW_KEYWORDS, 0, 0, NULL });
	}
	tell_expunges(&t, how & ~(unsigned)FLAGS_LATER);
	tell_exists(&t);
	tell_flags(&t, &changed);
	/* what has happened since `now` may still be in the queues */
	if (!v->lost_changes && uidset_is_empty(&v->changed) &&
	    !has_expunges(v))
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

	sequence_check(&v->known);
	assert(view_last_uid(v) < v->uidnext);
	for (size_t i = 0; i < v->changed.n; i++) {
		assert(view_seq(v, v->changed.v[i].first) != 0);
		assert(view_seq(v, v->changed.v[i].last) != 0);
	}
	uidset_copy(&missing, &v->known.uids);
	uidset_subtract(&missing, &v->mailbox->uids);
	assert(v->lost_expunges || v->mailbox->gone ||
	       uidset_eq(&missing, &v->expunged));
	uidset_free(&missing);
}
