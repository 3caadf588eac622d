/*
 * fetch.c -- FETCH and UID FETCH. RFC 9051 section 6.4.5
 *
 * Three ways, the cheapest that will do: a walk over the records alone; a
 * walk over records and digests side by side; message by message, with the
 * message open.
 */
#include "imap/fetch.h"
#include "base/counter.h"
#include "imap/door.h"
#include "imap/messagelimit.h"

struct fetch {
	struct session *s;
	struct mailbox *mailbox;
	struct fetch_request request;
	struct uidset uids;
	struct uidset seen; /* shown, and not \Seen before */
	uint64_t served;
	struct err e; /* the first one met on the way */
};

/* Between two messages: nothing may point into the store now. False: this
 * was the last one. */
static bool breathe(struct fetch *f)
{
	struct err e;

	out_drain(&f->s->out);
	e = task_go_on();
	if (is_ok(f->e))
		f->e = e;
	return is_ok(e) && is_ok(f->s->out.e);
}

static void fetch_records(struct fetch *f)
{
	struct record_walk w = view_walk(f->s->view, &f->uids);
	struct fetch_row row = { .s = f->s, .mailbox = f->mailbox };

	while (record_walk_next(&w, &row.record)) {
		fetch_row_write(&row, &f->request);
		f->served++;
		if (f->served % 64 == 0 && !breathe(f))
			return;
	}
	f->e = w.e;
}

/* Moves the record walk on to uid. */
static bool walk_to(struct record_walk *w, uint32_t uid, struct record *r)
{
	while (r->uid < uid)
		if (!record_walk_next(w, r))
			return false;
	return r->uid == uid;
}

static void fetch_digests(struct fetch *f)
{
	struct record_walk records = view_walk(f->s->view, &f->uids);
	struct digest_walk w = mailbox_digest_walk(f->mailbox, &f->uids);
	struct digest digest;
	struct fetch_row row = { .s = f->s,
		                 .mailbox = f->mailbox,
		                 .digest = &digest,
		                 .ids = &w.ids };
	uint32_t uid;

	while (digest_walk_next(&w, &uid, &digest)) {
		if (!walk_to(&records, uid, &row.record))
			continue;
		fetch_row_write(&row, &f->request);
		f->served++;
		if (!breathe(f))
			return;
	}
	f->e = is_ok(w.e) ? records.e : w.e;
}

static struct err fetch_message(struct fetch *f, uint32_t uid)
{
	struct fetch_row row = { .s = f->s, .mailbox = f->mailbox };
	struct err e = mailbox_message(f->mailbox, uid, &row.blob);

	if (e.code == ERR_CORRUPT) /* there is more to be said of it */
		row.unread = e;
	else if (!is_ok(e))
		return e;
	e = view_record(f->s->view, uid, &row.record);
	if (is_ok(e)) {
		fetch_row_write(&row, &f->request);
		f->served++;
		if (row.seen && !(row.record.flags & FLAG_SEEN))
			uidset_add(&f->seen, uid);
		e = row.e;
	}
	blob_close(row.blob);
	return e;
}

/* One message that can't be read does not keep back the others. */
static void fetch_messages(struct fetch *f)
{
	for (uint32_t uid = 0; uidset_next(&f->uids, &uid);) {
		struct err e = fetch_message(f, uid);

		if (!is_ok(e) && e.code != ERR_ABSENT && is_ok(f->e))
			f->e = e;
		if (!breathe(f))
			return;
	}
}

/* Only what has been shown becomes \Seen, and the client is told. */
static struct err mark_seen(struct fetch *f)
{
	struct flag_change change = { .mode = STORE_ADD,
		                      .flags = FLAG_SEEN,
		                      .user = f->s->who.account,
		                      .by = f->s->view };
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	uint64_t modseq;
	struct err e;

	e = mailbox_store(f->mailbox, &f->seen, &change, &changed, &failed,
	                  &modseq);
	if (is_ok(e))
		e = session_tell_flags(f->s, &changed);
	uidset_free(&changed);
	uidset_free(&failed);
	return e;
}

static struct err fetch_run(struct fetch *f)
{
	unsigned needs = fetch_needs(&f->request);

	if (needs & NEEDS_MESSAGE)
		fetch_messages(f);
	else if (needs & NEEDS_DIGEST)
		fetch_digests(f);
	else
		fetch_records(f);
	if (!uidset_is_empty(&f->seen) && !view_is_readonly(f->s->view) &&
	    door_rights(f->s) & RIGHT_SEEN) {
		struct err e = mark_seen(f);

		if (is_ok(f->e))
			f->e = e;
	}
	counter_add(COUNTER_FETCHED, f->served);
	if (is_ok(f->e) && !f->s->uid && f->served < uidset_count(&f->uids))
		return err(ERR_EXPUNGEISSUED,
		           "some of the messages have been expunged");
	return f->e;
}

static struct err check_modifiers(const struct session *s,
                                  const struct fetch_request *r)
{
	if (!s->uid && r->modifiers.partial.from != 0)
		return err(ERR_SYNTAX, "PARTIAL is for UID FETCH");
	if (!r->modifiers.vanished)
		return OK;
	if (!s->uid)
		return err(ERR_SYNTAX, "VANISHED is for UID FETCH only");
	if (!has_qresync(s))
		return err(ERR_NOTNOW, "QRESYNC is not enabled");
	return OK;
}

static struct err check_page(struct session *s, struct partial_range page)
{
	uint64_t n = page.from != 0 ? (uint64_t)page.to - page.from + 1 : 0;

	return session_check_messages(s, n);
}

struct err cmd_fetch(struct session *s, struct slice args)
{
	struct fetch f = { .s = s, .mailbox = view_mailbox(s->view) };
	struct cursor c = args_cursor(s, args);
	struct err e = parse_fetch(&c, s->uid && !is_uidonly(s), &f.request);

	if (is_ok(e))
		e = check_modifiers(s, &f.request);
	if (is_ok(e))
		e = check_page(s, f.request.modifiers.partial);
	if (is_ok(e))
		e = session_resolve(s, &f.request.set, session_set_kind(s),
		                    &f.uids);
	if (is_ok(e) && f.request.modifiers.vanished)
		e = session_tell_vanished(s, f.request.modifiers.since,
		                          &f.request.set);
	if (is_ok(e))
		e = fetch_narrow(f.mailbox, &f.request.modifiers, &f.uids);
	if (is_ok(e)) {
		session_limit_messages(s, &f.uids);
		if (fetch_has_modseq(&f.request))
			session_enable_condstore(s);
		if (has_condstore(s))
			fetch_add_modseq(&f.request);
		e = fetch_run(&f);
	}
	uidset_free(&f.uids);
	uidset_free(&f.seen);
	return e;
}

/* What can't be shown is not worth a word: nobody asked. */
void fetch_new(struct session *s, struct slice items, const struct uidset *uids)
{
	struct fetch f = { .s = s, .mailbox = view_mailbox(s->view) };
	struct cursor c = args_cursor(s, items);

	parse_fetch_items(&c, &f.request);
	if (!is_ok(c.e))
		return;
	if (has_condstore(s))
		fetch_add_modseq(&f.request);
	uidset_copy(&f.uids, uids);
	fetch_run(&f);
	uidset_free(&f.uids);
	uidset_free(&f.seen);
}
