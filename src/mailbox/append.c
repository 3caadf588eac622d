/*
 * append.c -- new messages, and records at the end of a mailbox.
 *
 * The records of new messages go into the last chunk while it has room,
 * so an append reads and writes one chunk however large the mailbox is.
 */
#include <assert.h>

#include "base/counter.h"
#include "base/encode.h"
#include "base/log.h"
#include "mailbox/change.h"
#include "mailbox/content.h"
#include "mailbox/imported.h"
#include "mailbox/incoming.h"
#include "mailbox/seen.h"
#include "mailbox/thread.h"

/* -- records at the end -- */

static struct err go_on_with_last(struct appender *a, struct change *c)
{
	struct mailbox_meta *meta = &a->edit->meta;
	struct store_key key = key_message(c->account->id, T_RECORDS, meta->id,
	                                   meta->last_chunk);
	struct slice value;
	struct chunk last;
	struct err e;

	e = store_get(account_partition(c->account), store_key_slice(&key),
	              &value);
	if (is_ok(e))
		e = chunk_open(value, &last);
	if (e.code == ERR_ABSENT)
		e = err(ERR_CORRUPT, "the mailbox's last records are missing");
	if (!is_ok(e) || chunk_is_full(&last))
		return e;
	chunk_writer_keep(&a->writer, &last, 0, last.count);
	return OK;
}

struct err appender_begin(struct appender *a, struct change *c,
                          struct edit *edit, bool fresh)
{
	a->edit = edit;
	chunk_writer_init(&a->writer, c->batch, c->account->id, edit->meta.id);
	if (fresh || edit->meta.last_chunk == 0)
		return OK;
	return go_on_with_last(a, c);
}

struct err appender_add(struct appender *a, struct change *c, struct record *r)
{
	struct mailbox_meta *meta = &a->edit->meta;

	/* UIDNEXT must stay a number, RFC 9051 section 2.3.1.1 */
	if (meta->uidnext == UINT32_MAX)
		return err(ERR_LIMIT, "the mailbox has used up its UIDs; move "
		                      "the messages to a new one");
	r->uid = meta->uidnext++;
	r->modseq = change_modseq(c);
	chunk_writer_add(&a->writer, r);
	mailbox_meta_count(meta, r, 1);
	return OK;
}

void appender_end(struct appender *a)
{
	chunk_writer_flush(&a->writer);
	if (a->writer.last_chunk != 0)
		a->edit->meta.last_chunk = a->writer.last_chunk;
}

void append_committed(struct mailbox *m, const struct uidset *added)
{
	if (m->loaded)
		uidset_union(&m->uids, added);
	feed_new(m);
	account_notify(m->account, NOTICE_NEW, m->name, S(""));
}

/* -- messages -- */

struct blob_origin origin_of(const struct mailbox *m, const struct record *r)
{
	return (struct blob_origin){
		.account = m->account->id,
		.mailbox = m->meta.id,
		.account_name = m->account->name,
		.mailbox_name = m->name,
		.uidvalidity = m->meta.uidvalidity,
		.uid = r->uid,
		.internaldate = r->internaldate,
		.zone = r->zone,
		.flags = r->flags,
	};
}

/* A visitor has seen it, the owner hasn't. */
static bool has_own_seen(const struct edit *edit, const struct new_message *n)
{
	return n->flags & FLAG_SEEN &&
	       seen_is_apart(edit->mailbox->account, n->user);
}

static struct err record_of(struct edit *edit, const struct new_message *n,
                            struct record *r)
{
	const struct clock *clock = account_clock(edit->mailbox->account);
	struct digest digest;
	struct err e = digest_open_fields(incoming_digest(n->message), &digest);

	if (!is_ok(e))
		return e;
	*r = (struct record){
		.size = (uint32_t)incoming_size(n->message),
		.internaldate = n->internaldate,
		.sent = digest_date(&digest, n->internaldate),
		.savedate = (uint32_t)clock->wall_s(clock),
		.zone = n->zone,
		.flags = n->flags,
	};
	if (has_own_seen(edit, n))
		r->flags &= (uint8_t)~FLAG_SEEN;
	return edit_keywords(edit, n->keywords, n->n_keywords, &r->keywords);
}

static struct err put_seen(struct edit *edit, const struct new_message *n,
                           uint32_t uid)
{
	struct uidset *seen;
	struct err e;

	if (!has_own_seen(edit, n))
		return OK;
	e = seen_edit(edit, n->user, &seen);
	if (is_ok(e))
		uidset_add(seen, uid);
	return e;
}

/* Its blob, and what is known of it. */
static struct err put_content(struct threads *t, struct mailbox *m,
                              struct incoming *message, const struct record *r)
{
	struct batch *b = t->change->batch;
	struct spool *spool = incoming_spool(message);
	struct content content = { .ids.blob = *spool_hash(spool),
		                   .digest = incoming_digest(message) };
	struct err e = threads_join(t, content.digest, &content.ids.blob,
	                            &content.ids.thread);

	if (!is_ok(e))
		return e;
	content_put(b, m, r->uid, &content);
	batch_add_blob(b, spool, origin_of(m, r));
	return OK;
}

static struct err append_one(struct appender *a, struct threads *t,
                             const struct new_message *n, uint32_t *uid)
{
	struct change *c = t->change;
	struct record r;
	struct err e;

	if (n->uid != 0 && n->uid < a->edit->meta.uidnext)
		return err(ERR_NOTNOW, "that UID has been used");
	if (n->uid != 0)
		a->edit->meta.uidnext = n->uid;
	e = record_of(a->edit, n, &r);
	if (is_ok(e))
		e = change_take_room(c, r.size, 1);
	if (is_ok(e))
		e = appender_add(a, c, &r);
	if (is_ok(e))
		e = put_seen(a->edit, n, r.uid);
	if (is_ok(e))
		e = put_content(t, a->edit->mailbox, n->message, &r);
	*uid = r.uid;
	return e;
}

struct err append_records(struct change *c, struct edit *edit, bool fresh,
                          const struct new_message *messages, size_t n,
                          uint32_t *uids)
{
	struct threads threads = { .change = c };
	struct appender a;
	struct err e = appender_begin(&a, c, edit, fresh);

	for (size_t i = 0; is_ok(e) && i < n; i++)
		e = append_one(&a, &threads, &messages[i], &uids[i]);
	threads_free(&threads);
	if (!is_ok(e))
		return e;
	appender_end(&a);
	edit_put(edit, c);
	return OK;
}

/* Tells the views. */
static void note_uids(struct mailbox *m, const uint32_t *uids, size_t n)
{
	struct uidset added = { 0 };

	for (size_t i = 0; i < n; i++)
		uidset_add(&added, uids[i]);
	append_committed(m, &added);
	uidset_free(&added);
}

/* For whoever runs the server: a message that no parser could read. */
static void log_unparsed(struct mailbox *m, const struct new_message *n,
                         uint32_t uid)
{
	const struct content_hash *hash =
		spool_hash(incoming_spool(n->message));
	struct log_line l = log_open(LOG_LEVEL_ERROR, "unparsed");
	struct buf hex = { 0 };

	hex_encode(slice_of(hash->bytes, sizeof hash->bytes), &hex);
	log_text(&l, "user", m->account->name);
	log_text(&l, "mailbox", m->name);
	log_number(&l, "uid", uid);
	log_number(&l, "size", incoming_size(n->message));
	log_text(&l, "sha256", buf_slice(&hex));
	log_close(&l);
	buf_free(&hex);
}

static void report_unparsed(struct mailbox *m,
                            const struct new_message *messages, size_t n,
                            const uint32_t *uids)
{
	for (size_t i = 0; i < n; i++) {
		struct digest d;

		if (is_ok(digest_open_fields(
			    incoming_digest(messages[i].message), &d)) &&
		    (d.flags & DIGEST_UNPARSED) != 0)
			log_unparsed(m, &messages[i], uids[i]);
	}
}

void append_noted(struct mailbox *m, const struct new_message *messages,
                  size_t n, const uint32_t *uids)
{
	note_uids(m, uids, n);
	report_unparsed(m, messages, n, uids);
}

static struct err append_locked(struct change *c, struct edit *edit,
                                const struct new_message *messages, size_t n,
                                uint32_t *uids)
{
	struct err e;

	if (edit->mailbox->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	e = append_records(c, edit, false, messages, n, uids);
	return is_ok(e) ? change_commit(c) : e;
}

struct err mailbox_append(struct mailbox *m, const struct new_message *messages,
                          size_t n, uint32_t *uids)
{
	struct change c;
	struct edit edit;
	struct err e;

	assert(n > 0);
	change_begin(&c, m->account);
	edit_begin(&edit, m);
	e = append_locked(&c, &edit, messages, n, uids);
	edit_end(&edit, is_ok(e));
	if (is_ok(e)) {
		append_noted(m, messages, n, uids);
		counter_add(COUNTER_APPENDED, n);
	}
	change_end(&c);
	return e;
}

/* -- import -- */

static struct err set_uids(struct change *c, struct edit *edit,
                           uint32_t uidvalidity, uint32_t uidnext)
{
	struct mailbox_meta *meta = &edit->meta;

	if (edit->mailbox->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	if (uidvalidity == 0 ||
	    (meta->messages != 0 && uidvalidity != meta->uidvalidity))
		return err(ERR_NOTNOW, "the mailbox is not new and empty");
	if (uidvalidity != meta->uidvalidity) {
		change_raise_modseq(c);
		meta->log_floor = change_modseq(c);
	}
	meta->uidvalidity = uidvalidity;
	if (uidnext > meta->uidnext)
		meta->uidnext = uidnext;
	/* so that no later mailbox gets the same UIDVALIDITY */
	if (uidvalidity > c->after.uidvalidity &&
	    uidvalidity <= UIDVALIDITY_BY_CLOCK)
		c->after.uidvalidity = uidvalidity;
	edit_put(edit, c);
	return change_commit(c);
}

struct err mailbox_set_uids(struct mailbox *m, uint32_t uidvalidity,
                            uint32_t uidnext)
{
	struct change c;
	struct edit edit;
	struct err e;

	change_begin(&c, m->account);
	edit_begin(&edit, m);
	e = set_uids(&c, &edit, uidvalidity, uidnext);
	edit_end(&edit, is_ok(e));
	change_end(&c);
	return e;
}
