/* change.c -- the order of steps that every change follows; see change.h. */
#include "mailbox/change.h"

#include <assert.h>

#include "mailbox/seen.h"

void change_begin(struct change *c, struct account *a)
{
	task_lock(&a->write);
	*c = (struct change){
		.account = a,
		.batch = batch_new(account_partition(a), a->id),
		.after = a->meta,
	};
}

void change_end(struct change *c)
{
	if (c->batch != NULL)
		batch_drop(c->batch);
	task_unlock(&c->account->write);
}

uint64_t change_modseq(struct change *c)
{
	if (c->modseq == 0)
		c->modseq = ++c->after.modseq;
	return c->modseq;
}

void change_raise_modseq(struct change *c)
{
	const struct clock *clock = account_clock(c->account);
	int64_t now = clock->wall_s(clock);

	assert(c->modseq == 0);
	if (now > 0 && now < UINT32_MAX &&
	    (uint64_t)now * 1000 > c->after.modseq)
		c->after.modseq = (uint64_t)now * 1000;
}

uint32_t change_uidvalidity(struct change *c)
{
	const struct clock *clock = account_clock(c->account);
	int64_t now = clock->wall_s(clock);
	uint32_t next = c->after.uidvalidity;

	if (next < account_least_uidvalidity(c->account))
		next = account_least_uidvalidity(c->account);
	next++;
	if (now > next && now <= UIDVALIDITY_BY_CLOCK)
		next = (uint32_t)now;
	assert(next != 0);
	c->after.uidvalidity = next;
	return next;
}

/* A limit may have been set below what is used. */
bool change_has_room(const struct change *c, enum quota_resource r,
                     uint64_t more)
{
	uint64_t limit = c->after.quota.limit[r];
	uint64_t sum;

	return limit == 0 ||
	       (!__builtin_add_overflow(c->after.quota.used[r], more, &sum) &&
	        sum <= limit);
}

struct err change_take_room(struct change *c, uint64_t bytes, uint64_t messages)
{
	if (!change_has_room(c, QUOTA_STORAGE, bytes) ||
	    !change_has_room(c, QUOTA_MESSAGE, messages))
		return err(ERR_OVERQUOTA, "the mailbox is full (over quota)");
	change_add_room(c, bytes, messages);
	return OK;
}

void change_add_room(struct change *c, uint64_t bytes, uint64_t messages)
{
	c->after.quota.used[QUOTA_STORAGE] += bytes;
	c->after.quota.used[QUOTA_MESSAGE] += messages;
}

void change_give_room(struct change *c, uint64_t bytes, uint64_t messages)
{
	uint64_t *used = c->after.quota.used;

	assert(used[QUOTA_STORAGE] >= bytes && used[QUOTA_MESSAGE] >= messages);
	used[QUOTA_STORAGE] -= bytes;
	used[QUOTA_MESSAGE] -= messages;
}

void change_put_mailbox(struct change *c, const struct mailbox_meta *meta,
                        struct slice name, const struct keywords *k)
{
	struct store_key key = key_mailbox(c->account->id, meta->id);
	struct buf value = { 0 };

	mailbox_meta_write(meta, name, k->v, k->n, &value);
	batch_put(c->batch, store_key_slice(&key), buf_slice(&value));
	buf_free(&value);
}

static void put_account(struct change *c)
{
	struct store_key key = key_table(c->account->id, T_ACCOUNT);
	struct buf value = { 0 };

	account_meta_write(&c->after, c->account->name, &value);
	batch_put(c->batch, store_key_slice(&key), buf_slice(&value));
	buf_free(&value);
}

struct err change_commit_raw(struct change *c)
{
	struct batch *b = c->batch;

	c->batch = NULL;
	return batch_commit(b);
}

struct err change_commit(struct change *c)
{
	const struct quota before = c->account->meta.quota;
	struct err e;

	put_account(c);
	e = change_commit_raw(c);
	if (!is_ok(e))
		return e;
	c->account->meta = c->after;
	account_tell_quota(c->account, &before);
	if (c->puts_list)
		c->account->lists = LISTS_SOME;
	return OK;
}

/* -- a mailbox's record -- */

void edit_begin(struct edit *e, struct mailbox *m)
{
	*e = (struct edit){ .mailbox = m, .meta = m->meta };
}

const struct keywords *edit_all_keywords(const struct edit *e)
{
	return e->has_keywords ? &e->keywords : &e->mailbox->keywords;
}

struct err edit_keywords(struct edit *e, const struct slice *names, size_t n,
                         struct keyword_bits *out)
{
	struct keywords *k = &e->mailbox->keywords;

	if (!e->has_keywords && !keywords_know(k, names, n)) {
		keywords_copy(&e->keywords, k);
		e->has_keywords = true;
	}
	if (e->has_keywords)
		k = &e->keywords;
	return keywords_resolve(k, names, n, e->has_keywords, out);
}

void edit_put(struct edit *e, struct change *c)
{
	e->meta.highestmodseq = change_modseq(c);
	seen_put(e, c);
	change_put_mailbox(c, &e->meta, e->mailbox->name, edit_all_keywords(e));
}

void edit_end(struct edit *e, bool committed)
{
	struct mailbox *m = e->mailbox;

	seen_end(e);
	if (!committed) {
		keywords_free(&e->keywords);
		return;
	}
	m->meta = e->meta;
	if (!e->has_keywords)
		return;
	keywords_free(&m->keywords);
	m->keywords = e->keywords;
	e->keywords = (struct keywords){ 0 };
	feed_keywords(m);
}
