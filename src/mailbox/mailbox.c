/*
 * mailbox.c -- mailboxes that are open, each once for all of its account.
 *
 * A mailbox without references stays a while in the account's list, so that
 * the next SELECT finds its UIDs. A deleted one leaves the list at once and
 * the memory with its last reference.
 */
#include "mailbox/mailbox.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/internal.h"
#include "mailbox/ranks.h"

struct mailbox *mailbox_new(struct account *a, const struct mailbox_meta *meta,
                            struct slice name, const struct slice *keywords,
                            size_t n)
{
	struct mailbox *m = mem_new(1, sizeof *m);

	m->account = a;
	m->meta = *meta;
	m->seen_below = 1;
	keywords_set(&m->keywords, keywords, n);
	mailbox_set_name(m, name);
	return m;
}

void mailbox_free(struct mailbox *m)
{
	assert(m->views == NULL && m->refs == 0);
	keywords_free(&m->keywords);
	uidset_free(&m->uids);
	ranks_free(m->ranks);
	free((char *)m->name.ptr);
	free(m);
}

void mailbox_set_name(struct mailbox *m, struct slice name)
{
	char *old = (char *)m->name.ptr;

	m->name = slice_of(mem_copy(name.ptr, name.len), name.len);
	free(old);
}

/* -- the account's list -- */

static void take_off_list(struct mailbox *m)
{
	struct mailbox **link = &m->account->mailboxes;

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
}

struct mailbox *mailbox_find_open(struct account *a, uint32_t id)
{
	struct mailbox *m = a->mailboxes;

	while (m != NULL && m->meta.id != id)
		m = m->next;
	return m;
}

void mailboxes_free(struct account *a)
{
	while (a->mailboxes != NULL) {
		struct mailbox *m = a->mailboxes;

		a->mailboxes = m->next;
		mailbox_free(m);
	}
}

static void forget_longest_idle(struct account *a)
{
	struct mailbox *oldest = NULL;

	for (struct mailbox *m = a->mailboxes; m != NULL; m = m->next) {
		if (m->refs == 0 &&
		    (oldest == NULL || m->idle_since < oldest->idle_since))
			oldest = m;
	}
	assert(oldest != NULL);
	take_off_list(oldest);
	a->idle_mailboxes--;
	mailbox_free(oldest);
}

void mailbox_set_gone(struct mailbox *m)
{
	take_off_list(m);
	m->gone = true;
	if (m->refs == 0) {
		m->account->idle_mailboxes--;
		mailbox_free(m);
		return;
	}
	feed_gone(m);
}

/* -- opening -- */

static struct err open_from_store(struct account *a, uint32_t id,
                                  struct mailbox **out)
{
	struct slice keywords[LIMIT_KEYWORDS];
	struct mailbox_meta meta;
	struct slice name;
	size_t n;
	struct err e = lookup_mailbox(a, id, &meta, &name, keywords, &n);

	if (!is_ok(e))
		return e;
	if (meta.noselect)
		return err(ERR_NONEXISTENT, "no such mailbox");
	*out = mailbox_new(a, &meta, name, keywords, n);
	(*out)->next = a->mailboxes;
	a->mailboxes = *out;
	a->idle_mailboxes++;
	return OK;
}

struct err mailbox_read_keywords(struct mailbox *m)
{
	struct slice keywords[LIMIT_KEYWORDS];
	struct mailbox_meta meta;
	struct slice name;
	size_t n;
	struct err e = lookup_mailbox(m->account, m->meta.id, &meta, &name,
	                              keywords, &n);

	if (!is_ok(e) || n <= m->keywords.n)
		return e;
	keywords_free(&m->keywords);
	keywords_set(&m->keywords, keywords, n);
	feed_keywords(m);
	return OK;
}

struct err mailbox_open_to_append(struct account *a, struct slice name,
                                  struct mailbox **out)
{
	uint32_t id;
	struct err e = lookup_name(a, name, &id);

	if (!is_ok(e))
		return e;
	*out = mailbox_find_open(a, id);
	if (*out == NULL)
		e = open_from_store(a, id, out);
	if (!is_ok(e))
		return e;
	if ((*out)->refs++ == 0)
		a->idle_mailboxes--;
	a->refs++;
	return OK;
}

/* Reads the UIDs if that has not been done. */
static struct err load(struct mailbox *m)
{
	struct err e;

	if (m->loaded)
		return OK;
	task_lock(&m->account->write);
	e = mailbox_load_locked(m);
	task_unlock(&m->account->write);
	return e;
}

struct err mailbox_open(struct account *a, struct slice name,
                        struct mailbox **out)
{
	struct err e = mailbox_open_to_append(a, name, out);

	if (!is_ok(e))
		return e;
	e = load(*out);
	if (!is_ok(e))
		mailbox_close(*out);
	return e;
}

void mailbox_close(struct mailbox *m)
{
	struct account *a = m->account;

	assert(m->refs > 0);
	if (--m->refs == 0) {
		if (m->gone) {
			mailbox_free(m);
		} else {
			m->idle_since = model_tick(a->model);
			if (++a->idle_mailboxes > IDLE_MAILBOXES)
				forget_longest_idle(a);
		}
	}
	account_close(a);
}

/* -- what it is -- */

struct slice mailbox_name(const struct mailbox *m)
{
	return m->name;
}

bool mailbox_is_gone(const struct mailbox *m)
{
	return m->gone;
}

const struct slice *mailbox_keywords(const struct mailbox *m, size_t *n)
{
	*n = m->keywords.n;
	return m->keywords.v;
}

const struct uidset *mailbox_uids(const struct mailbox *m)
{
	assert(m->loaded);
	return &m->uids;
}

void mailbox_get_status(const struct mailbox *m, struct mailbox_status *out)
{
	mailbox_meta_status(&m->meta, &m->account->meta, out);
}

/* -- the UIDs -- */

static void add_uids(struct uidset *uids, const struct chunk *c)
{
	for (size_t i = 0; i < c->count; i++)
		uidset_add(uids, chunk_uid(c, i));
}

/* As many messages as UIDs from the first to the last one: there are no
 * gaps, and no other chunk needs to be looked at. */
static bool is_one_range(struct mailbox *m, struct uidrange *out)
{
	struct chunk_walk w = chunk_walk(m);
	struct chunk first, last;

	if (m->meta.last_chunk == 0 || !chunk_walk_peek(&w, 1, &first) ||
	    !chunk_walk_peek(&w, m->meta.last_chunk, &last))
		return false;
	*out = (struct uidrange){ first.first, last.last };
	return last.last - first.first == m->meta.messages - 1;
}

static struct err read_uids(struct mailbox *m, struct uidset *out)
{
	struct chunk_walk heads = head_walk(m);
	struct chunk_walk chunks = chunk_walk(m);
	struct uidrange all;
	struct chunk head, c;

	if (is_one_range(m, &all)) {
		uidset_add_range(out, all.first, all.last);
		return OK;
	}
	while (is_ok(chunks.e) &&
	       chunk_walk_next(&heads, heads.last + 1, &head)) {
		if (chunk_is_dense(&head))
			uidset_add_range(out, head.first, head.last);
		else if (chunk_walk_open(&chunks, &head, &c))
			add_uids(out, &c);
	}
	return is_ok(heads.e) ? chunks.e : heads.e;
}

struct err mailbox_load_locked(struct mailbox *m)
{
	struct err e;

	if (m->loaded)
		return OK;
	if (m->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	uidset_clear(&m->uids);
	e = read_uids(m, &m->uids);
	m->loaded = is_ok(e);
	return e;
}
