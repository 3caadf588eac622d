/*
 * tree.c -- CREATE and DELETE, and the names of mailboxes.
 *
 * A name is a row of T_NAME that leads to a mailbox's id; the hierarchy is
 * in the names alone. A \Noselect name has a mailbox record like any other,
 * but no messages; when it is made a mailbox again it gets a new id, so that
 * whoever still has the old one open can't see the new one's messages.
 */
#include "mailbox/tree.h"

#include "base/bytes.h"
#include "mailbox/content.h"

/* Names that share this many octets have keys in one stretch (keys.h). */
enum { NAME_PREFIX = 400 };

void change_put_name(struct change *c, struct slice name, uint32_t id)
{
	struct store_key key = key_name(c->account->id, T_NAME, name);
	uint8_t value[4];

	put_le32(value, id);
	batch_put(c->batch, store_key_slice(&key),
	          slice_of(value, sizeof value));
}

void change_delete_name(struct change *c, struct slice name)
{
	struct store_key key = key_name(c->account->id, T_NAME, name);

	batch_delete(c->batch, store_key_slice(&key));
}

struct err change_has_mailbox_room(const struct change *c)
{
	if (!change_has_room(c, QUOTA_MAILBOX, 1))
		return err(ERR_OVERQUOTA, "no more mailboxes (over quota)");
	if (c->after.quota.used[QUOTA_MAILBOX] >= LIMIT_MAILBOXES ||
	    c->after.last_mailbox == UINT32_MAX ||
	    c->after.uidvalidity == UINT32_MAX)
		return err(ERR_LIMIT, "the account has too many mailboxes");
	return OK;
}

struct mailbox_meta change_new_mailbox(struct change *c, uint32_t special_use)
{
	return (struct mailbox_meta){
		.id = ++c->after.last_mailbox,
		.uidvalidity = change_uidvalidity(c),
		.uidnext = 1,
		.special_use = special_use,
		.highestmodseq = change_modseq(c),
	};
}

struct err change_make_mailbox(struct change *c, struct slice name,
                               uint32_t special_use, bool noselect)
{
	struct mailbox_meta meta = change_new_mailbox(c, special_use);
	struct keywords none = { 0 };

	meta.noselect = noselect;
	change_put_mailbox(c, &meta, name, &none);
	change_put_name(c, name, meta.id);
	c->after.quota.used[QUOTA_MAILBOX]++;
	return change_inherit_acl(c, name, meta.id);
}

struct err change_make_parents(struct change *c, struct slice name)
{
	struct slice parent = mailbox_name_parent(name);

	for (; parent.len != 0; parent = mailbox_name_parent(parent)) {
		uint32_t id;
		struct err e = lookup_name(c->account, parent, &id);

		if (is_ok(e))
			return OK;
		if (e.code != ERR_NONEXISTENT)
			return e;
		e = change_has_mailbox_room(c);
		if (!is_ok(e))
			return e;
		e = change_make_mailbox(c, parent, 0, false);
		if (!is_ok(e))
			return e;
		c->parents++;
	}
	return OK;
}

void change_notify_parents(const struct change *c, struct slice name)
{
	for (unsigned n = c->parents; n != 0; n--) {
		name = mailbox_name_parent(name);
		account_notify(c->account, NOTICE_NAME, name, S(""));
	}
}

/* -- what is below -- */

static struct row_walk walk_below(struct account *a, struct slice name)
{
	struct store_key prefix;
	struct buf start = { 0 };

	buf_add(&start, name);
	buf_byte(&start, MAILBOX_DELIM);
	prefix = key_name(a->id, T_NAME,
	                  slice_first(buf_slice(&start), NAME_PREFIX));
	buf_free(&start);
	return row_walk(a, &prefix);
}

/* The next that lies below `name`; its own name points into the map. */
static bool next_below(struct row_walk *w, struct account *a, struct slice name,
                       struct entry *out)
{
	struct mailbox_meta meta;
	struct cursor_row row;

	while (is_ok(w->e) && row_walk_next(w, &row)) {
		out->id = get_le32(row.value.ptr);
		w->e = lookup_mailbox(a, out->id, &meta, &out->name, NULL,
		                      NULL);
		if (is_ok(w->e) && is_below(out->name, name))
			return true;
	}
	return false;
}

struct err tree_below(struct account *a, struct slice name, struct arena *arena,
                      struct below *out)
{
	struct row_walk w = walk_below(a, name);
	size_t most = a->meta.quota.used[QUOTA_MAILBOX];
	struct entry entry;

	*out = (struct below){ arena_array(arena, most + 1, sizeof *out->v),
		               0 };
	while (out->n < most && next_below(&w, a, name, &entry)) {
		entry.name = arena_copy(arena, entry.name);
		out->v[out->n++] = entry;
	}
	return w.e;
}

struct err tree_has_below(struct account *a, struct slice name, bool *has)
{
	struct row_walk w = walk_below(a, name);
	struct entry entry;

	*has = next_below(&w, a, name, &entry);
	return w.e;
}

/* -- without its name -- */

struct err change_drop_blobs(struct change *c, const struct store_key *digests)
{
	struct row_walk w = row_walk(c->account, digests);
	struct cursor_row row;

	while (row_walk_next(&w, &row)) {
		struct content content;

		if (is_ok(content_open(row.value, &content)))
			batch_drop_blob(c->batch, &content.ids.blob);
	}
	return w.e;
}

/* Its record and all that belongs to it, blobs and quota too; not its name.
 * Suspends. */
static struct err drop_mailbox(struct change *c, uint32_t id)
{
	static const enum table tables[] = { T_RECORDS,  T_HEADS, T_DIGEST,
		                             T_EXPUNGED, T_ACL,   T_SEEN };
	struct store_key key = key_mailbox(c->account->id, id);
	struct store_key digests = key_messages(c->account->id, T_DIGEST, id);
	struct mailbox_meta meta;
	struct slice name;
	struct err e;

	e = lookup_mailbox(c->account, id, &meta, &name, NULL, NULL);
	if (is_ok(e) && meta.messages != 0)
		e = change_drop_blobs(c, &digests);
	if (is_ok(e))
		e = change_drop_annotations(c, id);
	if (!is_ok(e))
		return e;
	change_give_room(c, meta.size, meta.messages);
	c->after.quota.used[QUOTA_MAILBOX]--;
	batch_delete(c->batch, store_key_slice(&key));
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct store_key prefix =
			key_messages(c->account->id, tables[i], id);

		batch_delete_prefix(c->batch, store_key_slice(&prefix));
	}
	return OK;
}

/* -- CREATE -- */

/* RFC 6154 section 3: one mailbox a use */
static struct err check_use(struct account *a, uint32_t special_use)
{
	struct row_walk w = meta_walk(a);
	struct mailbox_meta meta;
	struct slice name;

	while (special_use != 0 && meta_walk_next(&w, &meta, &name)) {
		if ((meta.special_use & special_use) != 0)
			return err(ERR_USEATTR,
			           "another mailbox has that use already");
	}
	return w.e;
}

/* A \Noselect name becomes a mailbox; its record gives way to a new one. */
static struct err check_name(struct change *c, struct slice name)
{
	struct mailbox_meta meta;
	struct slice full;
	uint32_t id;
	struct err e = lookup_name(c->account, name, &id);

	if (e.code == ERR_NONEXISTENT)
		return change_has_mailbox_room(c);
	if (is_ok(e))
		e = lookup_mailbox(c->account, id, &meta, &full, NULL, NULL);
	if (!is_ok(e))
		return e;
	if (!meta.noselect)
		return err(ERR_ALREADYEXISTS, "the mailbox exists already");
	return drop_mailbox(c, id);
}

static struct err create_locked(struct change *c, struct slice name,
                                uint32_t special_use)
{
	struct err e = check_name(c, name);

	if (is_ok(e))
		e = check_use(c->account, special_use);
	if (is_ok(e))
		e = change_make_parents(c, name);
	if (is_ok(e))
		e = change_has_mailbox_room(c);
	if (is_ok(e))
		e = change_make_mailbox(c, name, special_use, false);
	return is_ok(e) ? change_commit(c) : e;
}

struct err mailbox_create(struct account *a, struct slice name,
                          uint32_t special_use)
{
	struct buf normal = { 0 };
	struct change c;
	struct err e = mailbox_name_normal(name, &normal);

	if (is_ok(e)) {
		change_begin(&c, a);
		e = create_locked(&c, buf_slice(&normal), special_use);
		if (is_ok(e)) {
			account_notify(a, NOTICE_NAME, buf_slice(&normal),
			               S(""));
			change_notify_parents(&c, buf_slice(&normal));
		}
		change_end(&c);
	}
	buf_free(&normal);
	return e;
}

/* -- DELETE -- */

static struct err delete_named(struct change *c, struct slice name, uint32_t id,
                               bool has_children)
{
	struct mailbox_meta meta;
	struct slice full;
	struct err e;

	e = lookup_mailbox(c->account, id, &meta, &full, NULL, NULL);
	if (!is_ok(e))
		return e;
	if (meta.noselect && has_children)
		return err(ERR_HASCHILDREN, "the mailbox has children");
	e = drop_mailbox(c, id);
	if (!is_ok(e))
		return e;
	if (has_children)
		e = change_make_mailbox(c, name, 0, true);
	else
		change_delete_name(c, name);
	batch_frees(c->batch);
	return is_ok(e) ? change_commit(c) : e;
}

static struct err delete_locked(struct change *c, struct slice name,
                                struct arena *arena, struct buf *acl)
{
	struct account *a = c->account;
	struct mailbox *open;
	struct below below;
	uint32_t id;
	struct err e = lookup_name(a, name, &id);

	if (is_ok(e))
		e = acl_row(a, id, acl);
	if (is_ok(e))
		e = tree_below(a, name, arena, &below);
	if (is_ok(e))
		e = delete_named(c, name, id, below.n != 0);
	open = is_ok(e) ? mailbox_find_open(a, id) : NULL;
	if (open != NULL)
		mailbox_set_gone(open);
	return e;
}

struct err mailbox_delete(struct account *a, struct slice name)
{
	struct buf acl = { 0 };
	struct arena *arena;
	struct change c;
	struct err e;

	if (is_inbox(name))
		return err(ERR_CANNOT, "INBOX can't be deleted");
	arena = arena_new(LIMIT_COMMAND_ARENA);
	change_begin(&c, a);
	e = delete_locked(&c, name, arena, &acl);
	if (is_ok(e))
		account_notify_of(a, &(struct notice){ .kind = NOTICE_NAME,
		                                       .name = name,
		                                       .acl = &acl });
	change_end(&c);
	buf_free(&acl);
	arena_free(arena);
	return e;
}
