/*
 * acl.c -- lists of rights: what they allow, and where they are kept.
 *
 * A row of T_ACL is one mailbox's list: of each entry the identifier's length
 * (1), the identifier, its rights (2). A mailbox without a row has an empty
 * list.
 */
#include "mailbox/acl.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/unicode.h"
#include "mailbox/tree.h"

/* -- letters -- */

static const struct {
	char letter;
	unsigned rights;
} letters[] = {
	{ 'l', RIGHT_LOOKUP },
	{ 'r', RIGHT_READ },
	{ 's', RIGHT_SEEN },
	{ 'w', RIGHT_WRITE },
	{ 'i', RIGHT_INSERT },
	{ 'p', RIGHT_POST },
	{ 'k', RIGHT_CREATE },
	{ 'x', RIGHT_DELETE },
	{ 't', RIGHT_DELETED },
	{ 'e', RIGHT_EXPUNGE },
	{ 'a', RIGHT_ADMINISTER },
	{ 'c', RIGHT_CREATE },
	{ 'd', RIGHT_DELETE | RIGHT_DELETED | RIGHT_EXPUNGE },
};

enum {
	LETTERS = sizeof letters / sizeof *letters,
	PLAIN = LETTERS - 2, /* without "c" and "d" */
};

bool rights_read(struct slice text, unsigned *rights)
{
	*rights = 0;
	for (size_t i = 0; i < text.len; i++) {
		size_t k = 0;

		while (k < LETTERS && letters[k].letter != text.ptr[i])
			k++;
		if (k == LETTERS)
			return false;
		*rights |= letters[k].rights;
	}
	return true;
}

static void write_letters(unsigned rights, size_t n, struct buf *out)
{
	for (size_t k = 0; k < n; k++)
		if (rights & letters[k].rights)
			buf_byte(out, letters[k].letter);
}

void rights_write(unsigned rights, struct buf *out)
{
	write_letters(rights, LETTERS, out);
}

void rights_write_plain(unsigned rights, struct buf *out)
{
	write_letters(rights, PLAIN, out);
}

bool acl_is_identifier(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_ctl(s.ptr[i]))
			return false;
	return s.len != 0 && !slice_eq(s, S("-")) && !slice_eq(s, S("$")) &&
	       !slice_eq(s, S("-$")) && utf8_is_valid(s);
}

/* -- what a list allows -- */

static bool is_of(struct slice identifier, const struct identity *who)
{
	if (slice_eq(identifier, S("anyone")))
		return true;
	if (slice_eq(identifier, S("owner")))
		return who->is_owner;
	if (!slice_starts(identifier, S("$")))
		return slice_ieq(identifier, who->name);
	for (size_t i = 0; i < who->n_groups; i++)
		if (slice_ieq(slice_from(identifier, 1), who->groups[i]))
			return true;
	return false;
}

/* An owner's own entry, not one of all or of a group. */
static bool is_owners(struct slice identifier, const struct identity *who)
{
	return who->is_owner && (slice_eq(identifier, S("owner")) ||
	                         slice_ieq(identifier, who->name));
}

unsigned acl_rights(const struct acl_entry *v, size_t n,
                    const struct identity *who)
{
	unsigned given = 0;
	unsigned taken = 0;
	bool has_own = false;

	for (size_t i = 0; i < n; i++) {
		struct slice name = v[i].identifier;

		if (slice_starts(name, S("-")) &&
		    is_of(slice_from(name, 1), who))
			taken |= v[i].rights;
		else if (is_of(name, who))
			given |= v[i].rights;
		has_own = has_own || is_owners(name, who);
	}
	if (who->is_owner && !has_own)
		given = RIGHTS_ALL;
	given &= ~taken;
	return who->is_owner ? given | RIGHTS_OF_OWNER : given;
}

/* -- the rows -- */

static struct err damaged(void)
{
	return err(ERR_CORRUPT, "a list of rights is damaged");
}

struct err acl_read(struct slice raw, struct acl_entry *v, size_t *n)
{
	struct reader r = reader_of(raw);

	for (*n = 0; r.rest.len != 0; *n += 1) {
		if (*n == LIMIT_ACL_ENTRIES)
			return damaged();
		v[*n].identifier = read_bytes(&r, read_u8(&r));
		v[*n].rights = read_u16(&r);
		if (r.failed || v[*n].identifier.len == 0)
			return damaged();
	}
	return OK;
}

static void put_list(struct change *c, uint32_t id, const struct acl_entry *v,
                     size_t n)
{
	struct store_key key = key_messages(c->account->id, T_ACL, id);
	struct buf value = { 0 };

	for (size_t i = 0; i < n; i++) {
		assert(v[i].identifier.len <= LIMIT_ACL_IDENTIFIER);
		buf_u8(&value, (uint8_t)v[i].identifier.len);
		buf_add(&value, v[i].identifier);
		buf_u16(&value, (uint16_t)v[i].rights);
	}
	c->puts_list |= n != 0;
	if (n != 0)
		batch_put(c->batch, store_key_slice(&key), buf_slice(&value));
	else
		batch_delete(c->batch, store_key_slice(&key));
	buf_free(&value);
}

/* Who shares nothing pays for this once: what is known stays true until a list
 * has been committed, which then is not looked for here (change_commit). */
static struct err look_for_lists(struct account *a)
{
	struct store_key prefix = key_table(a->id, T_ACL);
	struct store_cursor c =
		store_cursor(account_partition(a), store_key_slice(&prefix),
	                     (struct slice){ NULL, 0 });
	struct cursor_row row;

	if (store_cursor_next(&c, &row))
		a->lists = LISTS_SOME;
	else if (is_ok(c.e))
		a->lists = LISTS_NONE;
	return c.e;
}

/* The list of a mailbox, in the map. */
static struct err get_list(struct account *a, uint32_t id, struct acl_entry *v,
                           size_t *n)
{
	struct store_key key = key_messages(a->id, T_ACL, id);
	struct slice raw;
	struct err e =
		store_get(account_partition(a), store_key_slice(&key), &raw);

	*n = 0;
	if (e.code == ERR_ABSENT)
		return OK;
	return is_ok(e) ? acl_read(raw, v, n) : e;
}

struct err acl_row(struct account *a, uint32_t id, struct buf *out)
{
	struct store_key key = key_messages(a->id, T_ACL, id);
	struct slice raw;
	struct err e =
		store_get(account_partition(a), store_key_slice(&key), &raw);

	if (is_ok(e))
		buf_add(out, raw);
	return e.code == ERR_ABSENT ? OK : e;
}

/* -- asking -- */

enum { NO_MAILBOX = 0 }; /* an id that none has */

static struct err rights_by_list(struct account *a, uint32_t id,
                                 const struct identity *who, unsigned *rights)
{
	struct acl_entry v[LIMIT_ACL_ENTRIES];
	size_t n;
	struct err e = get_list(a, id, v, &n);

	*rights = is_ok(e) ? acl_rights(v, n, who) : 0;
	return e;
}

static struct err rights_of(struct account *a, uint32_t id,
                            const struct identity *who, unsigned *rights)
{
	struct err e = OK;

	*rights = 0;
	if (a->lists == LISTS_UNKNOWN)
		e = look_for_lists(a);
	if (!is_ok(e))
		return e;
	if (a->lists == LISTS_SOME)
		return rights_by_list(a, id, who, rights);
	*rights = acl_rights(NULL, 0, who);
	return OK;
}

bool account_is_unshared(struct account *a)
{
	if (a->lists == LISTS_UNKNOWN)
		look_for_lists(a);
	return a->lists == LISTS_NONE;
}

/* Without l there are no other rights, and no mailbox. */
static struct err hide(struct err e, unsigned *rights)
{
	if (is_ok(e) && (*rights & RIGHT_LOOKUP))
		return OK;
	*rights = 0;
	return is_ok(e) ? err(ERR_NONEXISTENT, "no such mailbox") : e;
}

struct err mailbox_rights(struct account *a, struct slice name,
                          const struct identity *who, unsigned *rights)
{
	uint32_t id;
	struct err e = lookup_name(a, name, &id);

	*rights = 0;
	if (e.code == ERR_NONEXISTENT)
		id = NO_MAILBOX; /* takes as long as one that may not be seen */
	if (is_ok(e) || e.code == ERR_NONEXISTENT) {
		struct err read = rights_of(a, id, who, rights);

		e = is_ok(e) ? read : e;
	}
	return hide(e, rights);
}

unsigned mailbox_rights_open(struct mailbox *m, const struct identity *who)
{
	unsigned rights;

	rights_of(m->account, m->meta.id, who, &rights);
	return rights;
}

/* ERR_NONEXISTENT: there is none above. */
static struct err nearest_above(struct account *a, struct slice name,
                                uint32_t *id)
{
	struct err e = err(ERR_NONEXISTENT, "no such mailbox");

	while (e.code == ERR_NONEXISTENT &&
	       (name = mailbox_name_parent(name)).len != 0)
		e = lookup_name(a, name, id);
	return e;
}

struct err mailbox_rights_above(struct account *a, struct slice name,
                                const struct identity *who, unsigned *rights)
{
	uint32_t id;
	struct err e = nearest_above(a, name, &id);

	*rights = RIGHTS_ALL;
	if (e.code == ERR_NONEXISTENT && who->is_owner)
		return OK;
	if (is_ok(e))
		e = rights_of(a, id, who, rights);
	return hide(e, rights);
}

struct err mailbox_get_acl(struct account *a, struct slice name,
                           struct arena *arena, struct acl_entry **out,
                           size_t *n)
{
	uint32_t id;
	struct err e = lookup_name(a, name, &id);

	*out = arena_array(arena, LIMIT_ACL_ENTRIES, sizeof **out);
	*n = 0;
	if (is_ok(e))
		e = get_list(a, id, *out, n);
	for (size_t i = 0; i < *n; i++)
		(*out)[i].identifier = arena_copy(arena, (*out)[i].identifier);
	return e;
}

/* -- changing -- */

struct err change_inherit_acl(struct change *c, struct slice name, uint32_t id)
{
	struct acl_entry v[LIMIT_ACL_ENTRIES];
	uint32_t above;
	size_t n;
	struct err e = nearest_above(c->account, name, &above);

	if (e.code == ERR_NONEXISTENT)
		return OK;
	if (is_ok(e))
		e = get_list(c->account, above, v, &n);
	if (is_ok(e) && n != 0)
		put_list(c, id, v, n);
	return e;
}

static unsigned changed_rights(unsigned old, enum acl_mode mode,
                               unsigned rights)
{
	switch (mode) {
	case ACL_ADD:
		return old | rights;
	case ACL_REMOVE:
		return old & ~rights;
	default:
		return rights;
	}
}

/* What who has no entry has all the same: an owner all rights, unless there is
 * another entry of his. */
static unsigned rights_without(const struct account *a,
                               const struct acl_entry *v, size_t n,
                               struct slice identifier)
{
	struct identity owner = { .name = a->name, .is_owner = true };

	if (!is_owners(identifier, &owner))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (is_owners(v[i].identifier, &owner))
			return 0;
	return RIGHTS_ALL;
}

/* v has a place more than there may be entries. */
static void change_list(struct acl_entry *v, size_t *n, struct slice identifier,
                        enum acl_mode mode, unsigned rights, unsigned without)
{
	size_t at = 0;

	while (at < *n && !slice_ieq(v[at].identifier, identifier))
		at++;
	if (mode == ACL_DELETE) {
		if (at < *n)
			v[at] = v[--*n];
		return;
	}
	if (at == *n)
		v[(*n)++] = (struct acl_entry){ identifier, without };
	v[at].rights = changed_rights(v[at].rights, mode, rights);
}

/* *before: the row, to be given back. */
static struct err set_acl_locked(struct change *c, struct slice name,
                                 struct slice identifier, enum acl_mode mode,
                                 unsigned rights, struct buf *before)
{
	struct acl_entry v[LIMIT_ACL_ENTRIES + 1];
	uint32_t id;
	size_t n;
	struct err e = lookup_name(c->account, name, &id);

	if (is_ok(e))
		e = acl_row(c->account, id, before);
	if (is_ok(e))
		e = acl_read(buf_slice(before), v, &n);
	if (!is_ok(e))
		return e;
	change_list(v, &n, identifier, mode, rights,
	            rights_without(c->account, v, n, identifier));
	if (n > LIMIT_ACL_ENTRIES)
		return err(ERR_LIMIT, "the mailbox has too many rights");
	put_list(c, id, v, n);
	return change_commit(c);
}

struct err mailbox_set_acl(struct account *a, struct slice name,
                           struct slice identifier, enum acl_mode mode,
                           unsigned rights)
{
	struct buf before = { 0 };
	struct change c;
	struct err e;

	assert(identifier.len != 0 && identifier.len <= LIMIT_ACL_IDENTIFIER);
	change_begin(&c, a);
	e = set_acl_locked(&c, name, identifier, mode, rights, &before);
	if (is_ok(e))
		account_notify_of(a, &(struct notice){ .kind = NOTICE_RIGHTS,
		                                       .name = name,
		                                       .acl = &before });
	change_end(&c);
	buf_free(&before);
	return e;
}
