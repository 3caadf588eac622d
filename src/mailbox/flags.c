/*
 * flags.c -- STORE: flags and keywords of many messages, in one batch.
 *
 * Every chunk that holds one of the messages is read, and written anew if a
 * record in it changes. All that change get the same modseq.
 */
#include "mailbox/seen.h"

struct storing {
	const struct flag_change *what;
	struct keyword_bits keywords;
	struct change *change;
	struct edit *edit;
	struct uidset *changed;
	struct uidset *failed;
	struct uidset for_all; /* of changed: not only \Seen of one */
	struct uidset *seen;   /* the visitor's own; NULL: it is the owner */
	struct uidset gained, lost; /* of it */
	struct uid_scan scan;
	uint32_t lowest_unseen; /* of those that lost \Seen; 0: none */
};

static uint8_t new_flags(const struct flag_change *what, uint8_t old)
{
	switch (what->mode) {
	case STORE_ADD:
		return old | what->flags;
	case STORE_REMOVE:
		return old & (uint8_t)~what->flags;
	default:
		return what->flags;
	}
}

static uint64_t new_word(enum store_mode mode, uint64_t old, uint64_t given)
{
	switch (mode) {
	case STORE_ADD:
		return old | given;
	case STORE_REMOVE:
		return old & ~given;
	default:
		return given;
	}
}

/* Is any of them different now? */
static bool set_keywords(const struct storing *s, struct record *r)
{
	bool differs = false;

	for (size_t i = 0; !s->what->keep_keywords && i < KEYWORD_WORDS; i++) {
		uint64_t word = new_word(s->what->mode, r->keywords.word[i],
		                         s->keywords.word[i]);

		differs = differs || word != r->keywords.word[i];
		r->keywords.word[i] = word;
	}
	return differs;
}

/* As whoever stores them sees them. */
static uint8_t flags_before(const struct storing *s, const struct record *r)
{
	if (s->seen == NULL)
		return r->flags;
	return (uint8_t)((r->flags & ~FLAG_SEEN) |
	                 (uidset_has(s->seen, r->uid) ? FLAG_SEEN : 0));
}

/* Is anything different now? */
static bool set_flags(struct storing *s, struct record *r)
{
	uint8_t kept = s->what->kept;
	uint8_t before = flags_before(s, r);
	uint8_t flags = (uint8_t)((new_flags(s->what, before) & ~kept) |
	                          (before & kept));
	uint8_t differing = flags ^ before;
	bool for_all = set_keywords(s, r) || (differing & ~FLAG_SEEN) != 0;

	if (for_all)
		uidset_add(&s->for_all, r->uid);
	if (s->seen != NULL && differing & FLAG_SEEN)
		uidset_add(flags & FLAG_SEEN ? &s->gained : &s->lost, r->uid);
	/* the record's own bit is not the visitor's */
	if (s->seen != NULL)
		flags = (uint8_t)((flags & ~FLAG_SEEN) |
		                  (r->flags & FLAG_SEEN));
	r->flags = flags;
	return for_all || differing != 0;
}

static bool store_record(struct storing *s, struct record *r)
{
	struct mailbox_meta *meta = &s->edit->meta;
	struct record old = *r;

	if (s->what->conditional && r->modseq > s->what->unchanged_since) {
		uidset_add(s->failed, r->uid);
		return false;
	}
	if (!set_flags(s, r))
		return false;
	r->modseq = change_modseq(s->change);
	mailbox_meta_count(meta, &old, -1);
	mailbox_meta_count(meta, r, 1);
	uidset_add(s->changed, r->uid);
	if (old.flags & FLAG_SEEN && !(r->flags & FLAG_SEEN) &&
	    s->lowest_unseen == 0)
		s->lowest_unseen = r->uid;
	return true;
}

/* The chunk's first record from `at` on that is asked for; count: none is. */
static size_t next_asked(struct storing *s, const struct chunk *c, size_t at)
{
	while (at < c->count) {
		uint32_t uid = chunk_uid(c, at);
		uint32_t wanted = uid_scan_next(&s->scan, uid);

		if (wanted == uid)
			break;
		at = wanted == 0 ? c->count : chunk_find(c, wanted);
	}
	return at;
}

static void store_chunk(struct storing *s, const struct chunk *c)
{
	struct chunk_writer w;
	bool differs = false;

	chunk_writer_init(&w, s->change->batch, s->change->account->id,
	                  s->edit->meta.id);
	for (size_t i = 0; i < c->count;) {
		size_t end = next_asked(s, c, i);
		struct record r;

		chunk_writer_keep(&w, c, i, end);
		i = end;
		if (i == c->count)
			break;
		chunk_record(c, i++, &r);
		differs = store_record(s, &r) || differs;
		chunk_writer_add(&w, &r);
	}
	if (!differs)
		return;
	chunk_writer_flush(&w);
	/* it may have been split for wider records */
	if (c->first == s->edit->meta.last_chunk)
		s->edit->meta.last_chunk = w.last_chunk;
}

static struct err store_chunks(struct storing *s)
{
	struct chunk_walk w = chunk_walk(s->edit->mailbox);
	uint32_t wanted = uid_scan_next(&s->scan, 1);
	struct chunk c;

	while (wanted != 0 && chunk_walk_next(&w, wanted, &c)) {
		store_chunk(s, &c);
		wanted = uid_scan_next(&s->scan, c.last + 1);
	}
	return w.e;
}

/* Whose \Seen is it? */
static struct err store_seen(struct storing *s)
{
	struct edit *edit = s->edit;

	if (!seen_is_apart(edit->mailbox->account, s->what->user))
		return OK;
	return seen_edit(edit, s->what->user, &s->seen);
}

static bool end_seen(struct storing *s)
{
	bool differs =
		!uidset_is_empty(&s->gained) || !uidset_is_empty(&s->lost);

	if (differs) {
		uidset_union(s->seen, &s->gained);
		uidset_subtract(s->seen, &s->lost);
	}
	uidset_free(&s->gained);
	uidset_free(&s->lost);
	return differs;
}

static struct err store_locked(struct storing *s, uint64_t *modseq)
{
	const struct flag_change *what = s->what;
	struct edit *edit = s->edit;
	bool has_seen;
	struct err e;

	if (edit->mailbox->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	e = store_seen(s);
	if (is_ok(e) && what->mode == STORE_REMOVE)
		keywords_resolve(&edit->mailbox->keywords, what->keywords,
		                 what->n_keywords, false, &s->keywords);
	else if (is_ok(e))
		e = edit_keywords(edit, what->keywords, what->n_keywords,
		                  &s->keywords);
	if (is_ok(e))
		e = store_chunks(s);
	has_seen = end_seen(s);
	if (!is_ok(e) || uidset_is_empty(s->changed))
		return e;
	edit_put(edit, s->change);
	if (!edit->has_keywords && !has_seen)
		batch_frees(s->change->batch);
	e = change_commit(s->change);
	if (is_ok(e))
		*modseq = s->change->modseq;
	return e;
}

static void store_committed(struct storing *s)
{
	struct mailbox *m = s->edit->mailbox;

	if (s->lowest_unseen != 0 && s->lowest_unseen < m->seen_below)
		m->seen_below = s->lowest_unseen;
	feed_flags(m, s->changed, &s->for_all, s->what);
	account_notify_of(m->account,
	                  &(struct notice){ .kind = NOTICE_FLAGS,
	                                    .name = m->name,
	                                    .user = uidset_is_empty(&s->for_all)
	                                                    ? s->what->user
	                                                    : 0 });
}

struct err mailbox_store(struct mailbox *m, const struct uidset *uids,
                         const struct flag_change *what, struct uidset *changed,
                         struct uidset *failed, uint64_t *modseq)
{
	struct change c;
	struct edit edit;
	struct storing s = {
		.what = what,
		.change = &c,
		.edit = &edit,
		.changed = changed,
		.failed = failed,
		.scan = { uids, 0 },
	};
	struct err e;

	uidset_clear(changed);
	uidset_clear(failed);
	*modseq = 0;
	change_begin(&c, m->account);
	edit_begin(&edit, m);
	e = store_locked(&s, modseq);
	edit_end(&edit, *modseq != 0);
	if (*modseq != 0)
		store_committed(&s);
	change_end(&c);
	uidset_free(&s.for_all);
	if (!is_ok(e))
		uidset_clear(changed);
	return e;
}
