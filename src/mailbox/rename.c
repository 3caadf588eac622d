/*
 * rename.c -- RENAME, RFC 9051 section 6.3.6.
 *
 * A mailbox keeps its id and its UIDVALIDITY, which no other mailbox of the
 * account has or will have, so (name, UIDVALIDITY, UID) can't come to mean
 * another message. Those below move along in the same batch. INBOX is
 * different: its messages move to a new mailbox, which gets annotations like
 * its own, and it stays. RFC 5464 section 4.1
 */
#include <stdlib.h>

#include "mailbox/tree.h"

/* One mailbox under its new name; its record is read and written anew. */
static struct err rename_one(struct change *c, uint32_t id, struct slice from,
                             struct slice to)
{
	struct slice names[LIMIT_KEYWORDS];
	struct keywords keywords = { .v = names };
	struct mailbox_meta meta;
	struct slice old;
	struct err e;

	e = lookup_mailbox(c->account, id, &meta, &old, names, &keywords.n);
	if (!is_ok(e))
		return e;
	change_put_mailbox(c, &meta, to, &keywords);
	batch_refer(c->batch, NULL,
	            (struct blob_origin){
			    .account = c->account->id,
			    .mailbox = id,
			    .account_name = c->account->name,
			    .mailbox_name = to,
			    .uidvalidity = meta.uidvalidity,
			    .uid = meta.uidnext,
		    });
	change_delete_name(c, from);
	change_put_name(c, to, id);
	return OK;
}

/* The same tail behind another beginning. */
static struct slice moved_name(struct arena *arena, struct slice name,
                               struct slice from, struct slice to)
{
	struct slice tail = slice_from(name, from.len);

	return arena_printf(arena, "%.*s%.*s", (int)to.len, to.ptr,
	                    (int)tail.len, tail.ptr);
}

static struct err check_moved_name(struct slice name)
{
	struct buf normal = { 0 };
	struct err e = mailbox_name_normal(name, &normal);

	buf_free(&normal);
	return e;
}

static struct err rename_below(struct change *c, struct below *below,
                               struct slice from, struct slice to,
                               struct arena *arena)
{
	for (size_t i = 0; i < below->n; i++) {
		struct entry *entry = &below->v[i];
		struct slice name = moved_name(arena, entry->name, from, to);
		struct err e = check_moved_name(name);

		if (is_ok(e))
			e = rename_one(c, entry->id, entry->name, name);
		if (!is_ok(e))
			return e;
		entry->name = name;
		task_pause();
	}
	return OK;
}

static void rename_open(struct account *a, uint32_t id, struct slice name)
{
	struct mailbox *open = mailbox_find_open(a, id);

	if (open != NULL)
		mailbox_set_name(open, name);
}

/* Each was called as it is now, behind what was renamed. */
static void notify_below(struct account *a, const struct below *below,
                         const struct notice *above)
{
	struct buf old = { 0 };

	for (size_t i = 0; i < below->n; i++) {
		struct slice name = below->v[i].name;

		old.len = 0;
		buf_add(&old, above->detail);
		buf_add(&old, slice_from(name, above->name.len));
		account_notify_of(a,
		                  &(struct notice){ .kind = NOTICE_NAME,
		                                    .name = name,
		                                    .detail = buf_slice(&old),
		                                    .above = above });
	}
	buf_free(&old);
}

static struct err rename_locked(struct change *c, struct slice from,
                                struct slice to, struct arena *arena)
{
	const struct notice renamed = { .kind = NOTICE_NAME,
		                        .name = to,
		                        .detail = from };
	struct below below;
	uint32_t id;
	struct err e = lookup_name(c->account, from, &id);

	if (is_ok(e))
		e = change_make_parents(c, to);
	if (is_ok(e))
		e = tree_below(c->account, from, arena, &below);
	if (is_ok(e))
		e = rename_one(c, id, from, to);
	if (is_ok(e))
		e = rename_below(c, &below, from, to, arena);
	if (is_ok(e))
		e = change_commit(c);
	if (!is_ok(e))
		return e;
	rename_open(c->account, id, to);
	for (size_t i = 0; i < below.n; i++)
		rename_open(c->account, below.v[i].id, below.v[i].name);
	account_notify_of(c->account, &renamed);
	notify_below(c->account, &below, &renamed);
	return OK;
}

/* -- INBOX -- */

static struct err put_moved_inbox(struct change *c, struct edit *inbox,
                                  struct edit *destination,
                                  struct copied *copied)
{
	struct err e = transfer_records(c, inbox, &inbox->mailbox->uids,
	                                destination, true, copied);

	if (!is_ok(e))
		return e;
	if (uidset_is_empty(copied->from))
		edit_put(destination, c);
	change_put_name(c, destination->mailbox->name, destination->meta.id);
	c->after.quota.used[QUOTA_MAILBOX]++;
	return change_commit(c);
}

static struct err move_inbox(struct change *c, struct mailbox *inbox,
                             struct mailbox *destination)
{
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	struct copied copied = { &from, &to, every_flag };
	struct edit source, target;
	struct err e;

	edit_begin(&source, inbox);
	edit_begin(&target, destination);
	e = put_moved_inbox(c, &source, &target, &copied);
	edit_end(&target, is_ok(e));
	edit_end(&source, is_ok(e) && !uidset_is_empty(&from));
	if (is_ok(e) && !uidset_is_empty(&from))
		transfer_committed(inbox, destination, true, &copied);
	uidset_free(&from);
	uidset_free(&to);
	return e;
}

static struct err rename_inbox_locked(struct change *c, struct mailbox *inbox,
                                      struct slice to)
{
	struct mailbox *destination;
	struct mailbox_meta meta;
	struct err e = change_make_parents(c, to);

	if (is_ok(e))
		e = change_has_mailbox_room(c);
	if (is_ok(e))
		e = mailbox_load_locked(inbox);
	if (!is_ok(e))
		return e;
	meta = change_new_mailbox(c, 0);
	e = change_inherit_acl(c, to, meta.id);
	if (is_ok(e))
		e = change_copy_annotations(c, inbox->meta.id, meta.id);
	if (!is_ok(e))
		return e;
	destination = mailbox_new(c->account, &meta, to, NULL, 0);
	e = move_inbox(c, inbox, destination);
	if (is_ok(e))
		account_notify(c->account, NOTICE_NAME, to, S(""));
	mailbox_free(destination);
	return e;
}

/* -- */

static struct err check_free(struct account *a, struct slice name)
{
	uint32_t id;
	struct err e = lookup_name(a, name, &id);

	if (is_ok(e))
		return err(ERR_ALREADYEXISTS, "the mailbox exists already");
	return e.code == ERR_NONEXISTENT ? OK : e;
}

static struct err rename_any(struct change *c, struct slice from,
                             struct slice to)
{
	struct mailbox *inbox;
	struct arena *arena;
	struct err e = check_free(c->account, to);

	if (!is_ok(e))
		return e;
	if (!is_inbox(from)) {
		arena = arena_new(LIMIT_COMMAND_ARENA);
		e = rename_locked(c, from, to, arena);
		arena_free(arena);
		return e;
	}
	e = mailbox_open_to_append(c->account, from, &inbox);
	if (!is_ok(e))
		return e;
	e = rename_inbox_locked(c, inbox, to);
	mailbox_close(inbox);
	return e;
}

struct err mailbox_rename(struct account *a, struct slice from, struct slice to)
{
	struct buf normal = { 0 };
	struct change c;
	struct err e = mailbox_name_normal(to, &normal);

	if (is_ok(e) && is_below(buf_slice(&normal), from) && !is_inbox(from))
		e = err(ERR_CANNOT, "a mailbox can't be moved below itself");
	if (is_ok(e)) {
		change_begin(&c, a);
		e = rename_any(&c, from, buf_slice(&normal));
		if (is_ok(e))
			change_notify_parents(&c, buf_slice(&normal));
		change_end(&c);
	}
	buf_free(&normal);
	return e;
}
