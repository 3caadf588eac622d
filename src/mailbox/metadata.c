/*
 * metadata.c -- annotations: rows of T_METADATA under their mailbox's id.
 *
 * What all of an account's take (octets of names and values) is counted with
 * its quota, in the same batch. One is no row: a mailbox's special uses are in
 * its record.
 */
#include "mailbox/metadata.h"

#include <assert.h>

#include "base/limits.h"
#include "mailbox/special_use.h"
#include "mailbox/tree.h"

/* Behind account, table, mailbox and user. */
enum { KEY_HEAD = 8 + 1 + 4 + 8 };

/* RFC 5464 section 3.3: private entries are one user's alone. */
static uint64_t user_of(uint64_t user, struct slice entry)
{
	bool is_private = slice_eq(entry, S("/private")) ||
	                  slice_starts(entry, S("/private/"));

	return is_private ? user : 0;
}

static struct store_key key_of(const struct account *a, uint64_t user,
                               uint32_t mailbox, struct slice entry)
{
	return key_annotation(a->id, mailbox, user_of(user, entry), entry);
}

/* The owner's own; RFC 6154 section 4 */
static bool is_special_use(const struct account *a, uint64_t user,
                           uint32_t mailbox, struct slice entry)
{
	return user == a->id && mailbox != 0 &&
	       slice_eq(entry, S("/private/specialuse"));
}

/* The account's own are under no mailbox's id: 0. */
static struct err find_mailbox(struct account *a, struct slice name,
                               uint32_t *id, uint32_t *uses)
{
	struct mailbox_meta meta;
	struct slice full;
	struct err e;

	*id = 0;
	*uses = 0;
	if (name.len == 0)
		return OK;
	e = lookup_name(a, name, id);
	if (is_ok(e))
		e = lookup_mailbox(a, *id, &meta, &full, NULL, NULL);
	if (!is_ok(e))
		return e;
	if (meta.noselect)
		return err(ERR_NONEXISTENT, "no such mailbox");
	*uses = meta.special_use;
	return OK;
}

/* -- room -- */

/* What grows must fit; what shrinks may still be too much. */
static struct err check_octets(const struct change *c)
{
	uint64_t used = c->after.quota.used[QUOTA_ANNOTATION_STORAGE];

	if (used <= c->account->meta.quota.used[QUOTA_ANNOTATION_STORAGE])
		return OK;
	if (!change_has_room(c, QUOTA_ANNOTATION_STORAGE, 0))
		return err(ERR_OVERQUOTA, "no more annotations (over quota)");
	if (used > LIMIT_METADATA_ACCOUNT)
		return err(ERR_LIMIT,
		           "the account's annotations are too large");
	return OK;
}

/* -- all of a mailbox's -- */

static uint64_t octets_of_row(const struct cursor_row *row)
{
	assert(row->key.len >= KEY_HEAD);
	return row->key.len - KEY_HEAD + row->value.len;
}

/* How many a mailbox has, and their octets. */
static struct err count_annotations(struct account *a, uint32_t mailbox,
                                    size_t *n, uint64_t *octets)
{
	struct store_key prefix = key_annotations(a->id, mailbox);
	struct row_walk w = row_walk(a, &prefix);
	struct cursor_row row;

	*n = 0;
	*octets = 0;
	while (row_walk_next(&w, &row)) {
		*n += 1;
		*octets += octets_of_row(&row);
	}
	return w.e;
}

struct err change_drop_annotations(struct change *c, uint32_t mailbox)
{
	struct store_key prefix = key_annotations(c->account->id, mailbox);
	uint64_t *used = &c->after.quota.used[QUOTA_ANNOTATION_STORAGE];
	uint64_t octets;
	size_t n;
	struct err e = count_annotations(c->account, mailbox, &n, &octets);

	if (!is_ok(e) || n == 0)
		return e;
	assert(*used >= octets);
	*used -= octets;
	batch_delete_prefix(c->batch, store_key_slice(&prefix));
	return OK;
}

struct err change_copy_annotations(struct change *c, uint32_t from, uint32_t to)
{
	struct store_key prefix = key_annotations(c->account->id, from);
	struct row_walk w = row_walk(c->account, &prefix);
	struct cursor_row row;

	while (row_walk_next(&w, &row)) {
		struct store_key key = key_annotations(c->account->id, to);
		struct slice tail = slice_from(row.key, key.len);

		memcpy(key.bytes + key.len, tail.ptr, tail.len);
		key.len = (uint16_t)(key.len + tail.len);
		c->after.quota.used[QUOTA_ANNOTATION_STORAGE] +=
			octets_of_row(&row);
		batch_put(c->batch, store_key_slice(&key), row.value);
	}
	return is_ok(w.e) ? check_octets(c) : w.e;
}

/* -- SETMETADATA -- */

/* One entry in place of what there is; *n is how many the mailbox has. */
static struct err put_entry(struct change *c, uint64_t user, uint32_t mailbox,
                            const struct metadata_entry *entry, size_t *n)
{
	struct store_key key = key_of(c->account, user, mailbox, entry->name);
	uint64_t *used = &c->after.quota.used[QUOTA_ANNOTATION_STORAGE];
	struct slice old;
	struct err e = store_get(account_partition(c->account),
	                         store_key_slice(&key), &old);

	if (!is_ok(e) && e.code != ERR_ABSENT)
		return e;
	if (is_ok(e)) {
		*used -= entry->name.len + old.len;
		*n -= 1;
		batch_delete(c->batch, store_key_slice(&key));
	}
	if (entry->value.ptr == NULL)
		return OK;
	*used += entry->name.len + entry->value.len;
	*n += 1;
	batch_put(c->batch, store_key_slice(&key), entry->value);
	return OK;
}

static struct err put_uses(struct uses_change *u, struct change *c,
                           uint32_t mailbox, struct slice value)
{
	uint32_t uses;
	struct err e = special_uses_read(value, &uses);

	return is_ok(e) ? uses_put(u, c, mailbox, uses) : e;
}

static bool comes_again(const struct metadata_entry *v, size_t n, size_t i)
{
	for (size_t j = i + 1; j < n; j++)
		if (slice_eq(v[i].name, v[j].name))
			return true;
	return false;
}

static struct err check_room(const struct change *c, size_t before,
                             size_t after)
{
	if (after > before && after > LIMIT_METADATA_ENTRIES)
		return err(ERR_METADATA_TOOMANY,
		           "the mailbox has too many annotations");
	return check_octets(c);
}

static struct err set_locked(struct change *c, uint64_t user, struct slice name,
                             const struct metadata_entry *v, size_t n)
{
	struct uses_change moved = { .n = 0 };
	uint32_t mailbox, uses;
	uint64_t octets;
	size_t before, after;
	struct err e = find_mailbox(c->account, name, &mailbox, &uses);

	if (is_ok(e))
		e = count_annotations(c->account, mailbox, &before, &octets);
	if (!is_ok(e))
		return e;
	after = before;
	for (size_t i = 0; is_ok(e) && i < n; i++) {
		if (comes_again(v, n, i))
			continue;
		if (is_special_use(c->account, user, mailbox, v[i].name))
			e = put_uses(&moved, c, mailbox, v[i].value);
		else
			e = put_entry(c, user, mailbox, &v[i], &after);
	}
	if (is_ok(e))
		e = check_room(c, before, after);
	if (is_ok(e) && mailbox != 0 && moved.n == 0)
		e = uses_keep(&moved, c, mailbox);
	if (is_ok(e))
		e = change_commit(c);
	if (is_ok(e))
		uses_committed(&moved, c->account);
	return e;
}

static void tell(struct account *a, uint64_t user, struct slice mailbox,
                 struct slice name)
{
	struct notice notice = { .kind = mailbox.len != 0
		                                 ? NOTICE_METADATA
		                                 : NOTICE_SERVER_METADATA,
		                 .name = mailbox,
		                 .detail = name,
		                 .user = user_of(user, name) };

	account_notify_of(a, &notice);
}

struct err mailbox_set_metadata(struct account *a, uint64_t user,
                                struct slice mailbox,
                                const struct metadata_entry *v, size_t n)
{
	struct change c;
	struct err e;

	for (size_t i = 0; i < n; i++) {
		assert(v[i].name.len <= LIMIT_METADATA_NAME);
		if (v[i].value.len > LIMIT_METADATA_VALUE)
			return err(ERR_METADATA_MAXSIZE,
			           "the annotation is too long");
	}
	change_begin(&c, a);
	e = set_locked(&c, user, mailbox, v, n);
	for (size_t i = 0; is_ok(e) && i < n; i++)
		tell(a, user, mailbox, v[i].name);
	change_end(&c);
	return e;
}

/* -- GETMETADATA -- */

struct getting {
	struct account *account;
	uint64_t user;
	uint32_t mailbox;
	uint32_t uses;
	enum metadata_depth depth;
	void (*fn)(void *ctx, struct metadata_entry);
	void *ctx;
};

static void get_special_use(const struct getting *g)
{
	struct metadata_entry entry = { .name = S("/private/specialuse") };
	struct buf text = { 0 };

	special_uses_write(g->uses, &text);
	if (g->uses != 0)
		entry.value = buf_slice(&text);
	if (g->uses != 0 || g->depth == METADATA_EXACT)
		g->fn(g->ctx, entry);
	buf_free(&text);
}

static struct err get_exact(const struct getting *g, struct slice name)
{
	struct store_key key = key_of(g->account, g->user, g->mailbox, name);
	struct metadata_entry entry = { .name = name };
	struct err e;

	if (is_special_use(g->account, g->user, g->mailbox, name)) {
		get_special_use(g);
		return OK;
	}
	e = store_get(account_partition(g->account), store_key_slice(&key),
	              &entry.value);
	if (e.code == ERR_ABSENT)
		entry.value = slice_of(NULL, 0);
	else if (!is_ok(e))
		return e;
	if (entry.value.ptr != NULL || g->depth == METADATA_EXACT)
		g->fn(g->ctx, entry);
	return OK;
}

static struct err get_below(const struct getting *g, struct slice name)
{
	struct store_key prefix = key_of(g->account, g->user, g->mailbox, name);
	struct row_walk w;
	struct cursor_row row;
	struct err e = OK;

	if (g->uses != 0 && g->user == g->account->id &&
	    slice_eq(name, S("/private")))
		get_special_use(g);
	prefix.bytes[prefix.len++] = '/';
	w = row_walk(g->account, &prefix);
	while (is_ok(e) && row_walk_next(&w, &row)) {
		struct slice below = slice_from(row.key, prefix.len);
		struct metadata_entry entry = {
			.name = slice_from(row.key, KEY_HEAD),
			.value = row.value,
		};

		if (g->depth == METADATA_ALL ||
		    slice_find_byte(below, '/') == SLICE_NONE)
			g->fn(g->ctx, entry);
		e = task_go_on();
	}
	return is_ok(e) ? w.e : e;
}

struct err mailbox_get_metadata(struct account *a, uint64_t user,
                                struct slice mailbox, const struct slice *names,
                                size_t n, enum metadata_depth depth,
                                void (*fn)(void *ctx, struct metadata_entry),
                                void *ctx)
{
	struct getting g = { a, user, 0, 0, depth, fn, ctx };
	struct err e = find_mailbox(a, mailbox, &g.mailbox, &g.uses);

	for (size_t i = 0; is_ok(e) && i < n; i++) {
		assert(names[i].len <= LIMIT_METADATA_NAME);
		e = get_exact(&g, names[i]);
		if (is_ok(e) && depth != METADATA_EXACT)
			e = get_below(&g, names[i]);
		if (is_ok(e))
			e = task_go_on();
	}
	return e;
}
