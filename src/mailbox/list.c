/*
 * list.c -- LIST, STATUS and subscriptions: what is told of mailboxes without
 * opening them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mailbox/seen.h"
#include "mailbox/tree.h"

/* -- subscriptions -- */

static struct err subscribe_locked(struct change *c, struct slice name, bool on,
                                   bool *changes)
{
	struct store_key key = key_name(c->account->id, T_SUBSCRIPTION, name);
	struct slice value;
	struct err e = store_get(account_partition(c->account),
	                         store_key_slice(&key), &value);

	*changes = is_ok(e) != on;
	if (!*changes || (!is_ok(e) && e.code != ERR_ABSENT))
		return e.code == ERR_ABSENT ? OK : e;
	if (on && c->after.subscriptions >= LIMIT_SUBSCRIPTIONS)
		return err(ERR_LIMIT, "the account has too many subscriptions");
	if (on) {
		batch_put(c->batch, store_key_slice(&key), name);
		c->after.subscriptions++;
	} else {
		batch_delete(c->batch, store_key_slice(&key));
		batch_frees(c->batch);
		c->after.subscriptions--;
	}
	return change_commit(c);
}

struct err mailbox_subscribe(struct account *a, struct slice name, bool on)
{
	struct buf normal = { 0 };
	bool changes = false;
	struct change c;
	struct err e = mailbox_name_normal(name, &normal);

	if (is_ok(e)) {
		change_begin(&c, a);
		e = subscribe_locked(&c, buf_slice(&normal), on, &changes);
		if (is_ok(e) && changes)
			account_notify(a, NOTICE_SUBSCRIPTION,
			               buf_slice(&normal), S(""));
		change_end(&c);
	}
	buf_free(&normal);
	return e;
}

/* -- STATUS -- */

static struct err count_unseen(struct account *a, uint64_t user,
                               struct mailbox_status *status)
{
	uint32_t seen;
	struct err e = seen_count(a, status->id, user, &seen);

	if (!is_ok(e))
		return e;
	if (seen > status->messages)
		return err(ERR_CORRUPT,
		           "more messages are seen than there are");
	status->unseen = status->messages - seen;
	return OK;
}

struct err mailbox_status(struct account *a, uint64_t user, struct slice name,
                          struct mailbox_status *out)
{
	struct mailbox_meta meta;
	struct slice full;
	uint32_t id;
	struct err e = lookup_name(a, name, &id);

	if (is_ok(e))
		e = lookup_mailbox(a, id, &meta, &full, NULL, NULL);
	if (!is_ok(e))
		return e;
	if (meta.noselect)
		return err(ERR_NONEXISTENT, "no such mailbox");
	mailbox_meta_status(&meta, &a->meta, out);
	return seen_is_apart(a, user) ? count_unseen(a, user, out) : OK;
}

/* -- LIST -- */

struct listing {
	struct arena *arena;
	struct mailbox_info *v;
	size_t n;
	size_t cap;
};

static struct mailbox_info *add(struct listing *l, struct slice name)
{
	if (l->n == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 64;
		l->v = mem_resize(l->v, l->cap, sizeof *l->v);
	}
	l->v[l->n] = (struct mailbox_info){ arena_copy(l->arena, name) };
	return &l->v[l->n++];
}

static struct err add_mailboxes(struct listing *l, struct account *a)
{
	struct row_walk w = meta_walk(a);
	struct mailbox_meta meta;
	struct slice name;

	while (meta_walk_next(&w, &meta, &name)) {
		struct mailbox_info *info = add(l, name);

		info->id = meta.id;
		info->special_use = meta.special_use;
		info->noselect = meta.noselect;
		info->exists = true;
	}
	return w.e;
}

static struct err add_subscriptions(struct listing *l, struct account *a)
{
	struct store_key prefix = key_table(a->id, T_SUBSCRIPTION);
	struct row_walk w = row_walk(a, &prefix);
	struct cursor_row row;

	while (row_walk_next(&w, &row))
		add(l, row.value)->subscribed = true;
	return w.e;
}

/* The delimiter comes before every other octet, so that what is below a
 * mailbox follows it; INBOX comes first of all. */
static int name_order(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	bool a_inbox = is_inbox(a) || is_below(a, S("INBOX"));
	bool b_inbox = is_inbox(b) || is_below(b, S("INBOX"));

	if (a_inbox != b_inbox)
		return a_inbox ? -1 : 1;
	for (size_t i = 0; i < n; i++) {
		uint8_t x = (uint8_t)a.ptr[i];
		uint8_t y = (uint8_t)b.ptr[i];

		if (x == y)
			continue;
		if (x == MAILBOX_DELIM || y == MAILBOX_DELIM)
			return x == MAILBOX_DELIM ? -1 : 1;
		return x < y ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

/* Of two with the same name the mailbox comes before the subscription. */
static int compare(const void *a, const void *b)
{
	const struct mailbox_info *x = a;
	const struct mailbox_info *y = b;
	int order = name_order(x->name, y->name);

	return order != 0 ? order : (int)y->exists - (int)x->exists;
}

/* A mailbox and its subscription become one; in order, so are neighbours. */
static void join(struct listing *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (n > 0 && slice_eq(l->v[n - 1].name, l->v[i].name))
			l->v[n - 1].subscribed = true;
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

/* From the end: the next mailbox that exists is below this one, or none is. */
static void note_children(struct listing *l)
{
	struct slice next = { NULL, 0 };

	for (size_t i = l->n; i-- > 0;) {
		struct mailbox_info *info = &l->v[i];

		info->has_children = is_below(next, info->name);
		if (info->exists)
			next = info->name;
	}
}

static struct err collect(struct listing *l, struct account *a)
{
	struct err e;

	l->n = 0;
	e = add_mailboxes(l, a);
	return is_ok(e) ? add_subscriptions(l, a) : e;
}

/* All of one state: a walk that was overtaken by a change might show a
 * mailbox that is being renamed under neither name or under both. */
static struct err collect_one_state(struct listing *l, struct account *a)
{
	uint64_t snapshot = store_snapshot(account_partition(a));
	struct err e = collect(l, a);

	if (!is_ok(e) || snapshot == store_snapshot(account_partition(a)))
		return e;
	task_lock(&a->write);
	e = collect(l, a);
	task_unlock(&a->write);
	return e;
}

struct err mailbox_list(struct account *a, struct arena *arena,
                        struct mailbox_info **out, size_t *n)
{
	struct listing l = { .arena = arena };
	struct err e = collect_one_state(&l, a);

	if (is_ok(e) && l.n != 0) {
		qsort(l.v, l.n, sizeof *l.v, compare);
		join(&l);
		note_children(&l);
	}
	*n = is_ok(e) ? l.n : 0;
	*out = arena_array(arena, *n + 1, sizeof **out);
	if (*n != 0)
		memcpy(*out, l.v, *n * sizeof **out);
	free(l.v);
	return e;
}

struct err mailbox_is_subscribed(struct account *a, struct slice name,
                                 bool *subscribed)
{
	struct store_key key = key_name(a->id, T_SUBSCRIPTION, name);
	struct slice row;
	struct err e =
		store_get(account_partition(a), store_key_slice(&key), &row);

	*subscribed = is_ok(e);
	return e.code == ERR_ABSENT ? OK : e;
}

/* The rows that are read last are read without giving way to others. */
struct err mailbox_get_info(struct account *a, struct slice name,
                            struct mailbox_info *out)
{
	struct mailbox_meta meta;
	struct slice row;
	bool has_children;
	uint32_t id;
	struct err e = tree_has_below(a, name, &has_children);

	if (is_ok(e))
		e = lookup_name(a, name, &id);
	if (is_ok(e))
		e = lookup_mailbox(a, id, &meta, &row, NULL, NULL);
	if (!is_ok(e))
		return e;
	*out = (struct mailbox_info){
		.name = name,
		.id = id,
		.special_use = meta.special_use,
		.exists = true,
		.noselect = meta.noselect,
		.has_children = has_children,
	};
	return mailbox_is_subscribed(a, name, &out->subscribed);
}
