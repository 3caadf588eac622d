/*
 * export.c -- an account's mailboxes and messages, as frames.
 *
 * What changes while it goes on may or may not be in it; each message that
 * is sent is whole. A message that can't be read ends the export with an
 * error: a copy with a silent gap is worse than none.
 */
#include <stdlib.h>

#include "admin/internal.h"
#include "base/limits.h"
#include "ipc/keyword_frames.h"
#include "mailbox/mailbox.h"
#include "mailbox/name.h"

enum { EXPORT_ARENA = 64 << 20, EXPORT_DATA = 32768 };

static bool is_set(const struct keyword_bits *bits, size_t k)
{
	return (bits->word[k / 64] >> (k % 64) & 1) != 0;
}

static void send_keywords(struct control_link *c, struct mailbox *mailbox,
                          const struct keyword_bits *bits)
{
	size_t n;
	const struct slice *names = mailbox_keywords(mailbox, &n);
	struct slice set[LIMIT_KEYWORDS];
	size_t n_set = 0;
	size_t sent = 0;
	struct frame_out f;

	for (size_t k = 0; k < n; k++) {
		if (is_set(bits, k))
			set[n_set++] = names[k];
	}
	while (keyword_frame_put(&f, set, n_set, &sent))
		control_send(c, &f);
}

static void send_head(struct control_link *c, const struct record *r)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_EXPORT_MESSAGE);
	frame_u32(&f, r->uid);
	frame_u8(&f, r->flags);
	frame_u64(&f, (uint64_t)r->internaldate);
	frame_u16(&f, (uint16_t)r->zone);
	frame_u64(&f, r->size);
	control_send(c, &f);
}

static void send_data(struct control_link *c, struct slice bytes)
{
	while (bytes.len != 0 && is_ok(c->e)) {
		struct slice now = slice_first(bytes, EXPORT_DATA);
		struct frame_out f = { 0 };

		frame_begin(&f, FRAME_DATA);
		frame_slice(&f, now);
		control_send(c, &f);
		bytes = slice_from(bytes, now.len);
	}
}

static struct err send_message(struct control_link *c, struct mailbox *mailbox,
                               const struct record *r)
{
	struct blob_reader *blob;
	struct frame_out end = { 0 };
	struct err e = mailbox_message(mailbox, r->uid, &blob);
	uint64_t at = 0;

	if (e.code == ERR_ABSENT)
		return OK; /* expunged meanwhile */
	if (!is_ok(e))
		return e;
	send_keywords(c, mailbox, &r->keywords);
	send_head(c, r);
	while (is_ok(e) && is_ok(c->e) && at < blob_size(blob)) {
		struct slice bytes;

		e = blob_read(blob, at, &bytes);
		if (is_ok(e)) {
			send_data(c, bytes);
			at += bytes.len;
		}
	}
	blob_close(blob);
	if (!is_ok(e))
		return e;
	frame_begin(&end, FRAME_END);
	control_send(c, &end);
	return OK;
}

static struct err send_messages(struct control_link *c, struct slice name)
{
	struct mailbox *mailbox;
	struct uidset uids = { 0 };
	struct record_walk w;
	struct record r;
	struct err e = mailbox_open(c->account, name, &mailbox);

	if (!is_ok(e))
		return e.code == ERR_NONEXISTENT ? OK : e;
	uidset_copy(&uids, mailbox_uids(mailbox));
	w = mailbox_walk(mailbox, &uids);
	while (is_ok(e) && is_ok(c->e) && record_walk_next(&w, &r))
		e = send_message(c, mailbox, &r);
	uidset_free(&uids);
	mailbox_close(mailbox);
	return is_ok(e) ? w.e : e;
}

static struct err send_mailbox(struct control_link *c,
                               const struct mailbox_info *info)
{
	struct mailbox_status status = { 0 };
	struct frame_out f = { 0 };
	bool exists = info->exists && !info->noselect;
	struct err e = OK;

	if (exists)
		e = mailbox_status(c->account, 0, info->name, &status);
	if (!is_ok(e)) /* deleted meanwhile? */
		return e.code == ERR_NONEXISTENT ? OK : e;
	frame_begin(&f, FRAME_EXPORT_MAILBOX);
	frame_slice(&f, info->name);
	frame_u32(&f, status.uidvalidity);
	frame_u32(&f, status.uidnext);
	frame_u8(&f, info->subscribed);
	frame_u8(&f, exists);
	control_send(c, &f);
	return exists ? send_messages(c, info->name) : OK;
}

static struct err send_mailboxes(struct control_link *c, struct slice wish,
                                 struct arena *a)
{
	struct mailbox_info *list;
	size_t n;
	bool found = wish.len == 0;
	struct err e = mailbox_list(c->account, a, &list, &n);

	for (size_t i = 0; is_ok(e) && is_ok(c->e) && i < n; i++) {
		if (wish.len != 0 && !slice_eq(list[i].name, wish))
			continue;
		found = true;
		e = send_mailbox(c, &list[i]);
	}
	if (is_ok(e) && !found)
		e = err(ERR_NONEXISTENT, "there is no such mailbox");
	return e;
}

struct err export_account(struct control_link *c, struct frame_in *in)
{
	struct slice wish = frame_read_slice(in, LIMIT_NAME);
	struct buf name = { 0 };
	struct arena *a;
	struct err e = OK;

	if (!frame_is_whole(in))
		return err(ERR_CORRUPT, "a request that makes no sense");
	control_record(c, "export", (struct audit_entry){ .mailbox = wish });
	a = arena_new(EXPORT_ARENA);
	if (wish.len != 0)
		e = mailbox_name_normal(wish, &name);
	if (is_ok(e))
		e = send_mailboxes(c, buf_slice(&name), a);
	arena_free(a);
	buf_free(&name);
	control_done(c, e);
	return OK;
}
