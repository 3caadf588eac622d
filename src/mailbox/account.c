/*
 * account.c -- the accounts of a partition, open once each.
 *
 * An account is found by its id in a table of buckets. With its last
 * reference gone it stays for a while, idle, with its idle mailboxes; the
 * longest idle goes first.
 */
#include "mailbox/account.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mailbox/change.h"

enum { BUCKETS = 1024 };

struct model {
	struct partition *partition;
	const struct clock *clock;
	const struct digester *digester; /* NULL: none */
	uint32_t expunge_log;            /* ranges of a mailbox */
	uint32_t uidvalidity;            /* ours are above this one */
	uint64_t tick;                   /* counts what became idle */
	size_t idle;                     /* accounts */
	struct quota_watch watch;        /* fn NULL: nobody */
	struct task_mutex making; /* an account is being made or deleted */
	uint64_t deleting;        /* that account, or 0 */
	struct account *buckets[BUCKETS];
};

struct model *model_new(struct partition *p, const struct clock *clock)
{
	struct model *model = mem_new(1, sizeof *model);

	model->partition = p;
	model->clock = clock;
	model->expunge_log = LIMIT_EXPUNGE_LOG;
	return model;
}

struct partition *model_partition(struct model *model)
{
	return model->partition;
}

const struct clock *model_clock(const struct model *model)
{
	return model->clock;
}

void model_set_digester(struct model *model, const struct digester *d)
{
	model->digester = d;
}

const struct digester *model_digester(const struct model *model)
{
	return model->digester;
}

void model_set_expunge_log(struct model *model, uint32_t ranges)
{
	assert(ranges <= LIMIT_EXPUNGE_LOG);
	model->expunge_log = ranges;
}

uint32_t account_expunge_log(const struct account *a)
{
	return a->model->expunge_log;
}

void model_raise_uidvalidity(struct model *model, uint32_t last)
{
	if (last > model->uidvalidity && last <= UIDVALIDITY_BY_CLOCK)
		model->uidvalidity = last;
}

uint32_t account_least_uidvalidity(const struct account *a)
{
	return a->model->uidvalidity;
}

uint64_t model_tick(struct model *model)
{
	return ++model->tick;
}

struct partition *account_partition(const struct account *a)
{
	return a->model->partition;
}

const struct clock *account_clock(const struct account *a)
{
	return a->model->clock;
}

/* Ids are given out by us, one after another: their low bits spread well. */
static struct account **bucket_of(struct model *model, uint64_t id)
{
	return &model->buckets[id % BUCKETS];
}

static struct account *find_open(struct model *model, uint64_t id)
{
	struct account *a = *bucket_of(model, id);

	while (a != NULL && a->id != id)
		a = a->next;
	return a;
}

static void forget(struct account *a)
{
	struct account **link = bucket_of(a->model, a->id);

	assert(a->refs == 0);
	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	a->model->idle--;
	mailboxes_free(a);
	free((char *)a->name.ptr);
	free(a);
}

static struct account *longest_idle(struct model *model)
{
	struct account *oldest = NULL;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct account *a = model->buckets[i]; a; a = a->next) {
			if (a->refs == 0 &&
			    (oldest == NULL ||
			     a->idle_since < oldest->idle_since))
				oldest = a;
		}
	}
	return oldest;
}

void model_free(struct model *model)
{
	while (model->idle > 0)
		forget(longest_idle(model));
	for (size_t i = 0; i < BUCKETS; i++)
		assert(model->buckets[i] == NULL);
	free(model);
}

/* -- opening -- */

static struct err no_account(void)
{
	return err(ERR_ABSENT, "no such account here");
}

static struct err open_from_store(struct model *model, uint64_t id,
                                  struct account **out)
{
	struct store_key key = key_table(id, T_ACCOUNT);
	struct account **bucket = bucket_of(model, id);
	struct account_meta meta;
	struct slice value, name;
	struct account *a;
	struct err e;

	e = store_get(model->partition, store_key_slice(&key), &value);
	if (e.code == ERR_ABSENT)
		return no_account();
	if (!is_ok(e))
		return e;
	e = account_meta_read(value, &meta, &name);
	if (!is_ok(e))
		return e;
	a = mem_new(1, sizeof *a);
	*a = (struct account){ .model = model, .id = id, .meta = meta };
	a->name = slice_of(mem_copy(name.ptr, name.len), name.len);
	a->next = *bucket;
	*bucket = a;
	model->idle++;
	*out = a;
	return OK;
}

struct err account_open(struct model *model, uint64_t id, struct account **out)
{
	struct account *a = find_open(model, id);

	if (id == model->deleting)
		return no_account();
	if (a == NULL) {
		struct err e = open_from_store(model, id, &a);

		if (!is_ok(e))
			return e;
	}
	if (a->refs++ == 0)
		model->idle--;
	*out = a;
	return OK;
}

void account_close(struct account *a)
{
	struct model *model = a->model;

	assert(a->refs > 0);
	if (--a->refs > 0)
		return;
	a->idle_since = model_tick(model);
	if (++model->idle > IDLE_ACCOUNTS)
		forget(longest_idle(model));
}

uint64_t account_id(const struct account *a)
{
	return a->id;
}

struct slice account_name(const struct account *a)
{
	return a->name;
}

/* -- making and deleting -- */

struct err account_create(struct model *model, uint64_t id, struct slice name)
{
	return account_create_above(model, id, name, 0);
}

struct err account_create_above(struct model *model, uint64_t id,
                                struct slice name, uint32_t uidvalidity)
{
	struct account fresh = { .model = model,
		                 .id = id,
		                 .name = name,
		                 .meta.uidvalidity = uidvalidity };
	struct account *found;
	struct err e;

	task_lock(&model->making);
	e = account_open(model, id, &found);
	if (is_ok(e)) {
		account_close(found);
		e = err(ERR_ALREADYEXISTS, "the account exists already");
	} else if (e.code == ERR_ABSENT) {
		e = account_fill(&fresh);
	}
	task_unlock(&model->making);
	return e;
}

static struct err may_go(const struct account *a, uint32_t *kept)
{
	if (a->refs > 1)
		return err(ERR_INUSE, "the account is in use");
	if (a->meta.uidvalidity <= *kept)
		return OK;
	*kept = a->meta.uidvalidity;
	return err(ERR_NOTNOW, "its last UIDVALIDITY is to be kept in mind");
}

static struct err delete_locked(struct model *model, uint64_t id,
                                uint32_t *kept)
{
	struct account *a;
	struct err e = account_open(model, id, &a);

	if (!is_ok(e))
		return e;
	e = may_go(a, kept);
	if (!is_ok(e)) {
		account_close(a);
		return e;
	}
	model->deleting = id;
	e = account_empty(a);
	model->deleting = 0;
	account_close(a);
	if (is_ok(e))
		forget(a);
	return e;
}

struct err account_delete(struct model *model, uint64_t id, uint32_t *kept)
{
	struct err e;

	task_lock(&model->making);
	e = delete_locked(model, id, kept);
	task_unlock(&model->making);
	return e;
}

/* -- quota -- */

void account_quota(const struct account *a, struct quota *out)
{
	*out = a->meta.quota;
}

enum quota_band quota_band(const struct quota *q, enum quota_resource r)
{
	uint64_t limit = q->limit[r];
	uint64_t used = q->used[r];

	if (limit == 0)
		return QUOTA_EASY;
	if (used >= limit - limit / 20)
		return QUOTA_FULL;
	if (used >= limit - limit / 5)
		return QUOTA_HIGH;
	return used >= limit - limit / 10 * 3 ? QUOTA_FILLING : QUOTA_EASY;
}

void model_watch_quota(struct model *model, struct quota_watch watch)
{
	model->watch = watch;
}

void account_tell_quota(const struct account *a, const struct quota *before)
{
	static const enum quota_resource watched[] = { QUOTA_STORAGE,
		                                       QUOTA_MESSAGE };
	const struct quota_watch *w = &a->model->watch;

	for (size_t i = 0; w->fn != NULL && i < 2; i++)
		if (quota_band(before, watched[i]) !=
		    quota_band(&a->meta.quota, watched[i]))
			w->fn(w->ctx, a->id, watched[i], &a->meta.quota);
}

struct err account_has_room(struct account *a, uint64_t bytes,
                            uint64_t messages)
{
	struct change c = { .account = a, .after = a->meta };

	return change_take_room(&c, bytes, messages);
}

struct err account_set_quota(struct account *a, unsigned set,
                             const uint64_t limit[QUOTA_RESOURCES])
{
	struct change c;
	struct err e;

	change_begin(&c, a);
	for (unsigned i = 0; i < QUOTA_RESOURCES; i++)
		if (set & 1u << i)
			c.after.quota.limit[i] = limit[i];
	e = change_commit(&c);
	change_end(&c);
	return e;
}

/* -- all of a partition -- */

/* The first account at or behind *id, in one look: accounts lie apart. */
static struct err next_account(struct model *model, uint64_t *id,
                               struct account_meta *meta, struct slice *name)
{
	struct store_key key = key_table(*id, T_ACCOUNT);
	struct store_cursor c =
		store_cursor(model->partition, (struct slice){ NULL, 0 },
	                     store_key_slice(&key));
	struct cursor_row row;

	if (!store_cursor_next(&c, &row))
		return is_ok(c.e) ? err(ERR_ABSENT, "no more accounts") : c.e;
	*id = get_be64(row.key.ptr);
	return account_meta_read(row.value, meta, name);
}

struct err model_last_uidvalidity(struct model *model, uint32_t *out)
{
	struct account_meta meta;
	struct slice name;
	struct err e = OK;

	*out = 0;
	for (uint64_t id = 1; is_ok(e); id++) {
		e = next_account(model, &id, &meta, &name);
		if (is_ok(e) && meta.uidvalidity > *out &&
		    meta.uidvalidity <= UIDVALIDITY_BY_CLOCK)
			*out = meta.uidvalidity;
	}
	return e.code == ERR_ABSENT ? OK : e;
}

struct err model_accounts(struct model *model,
                          bool (*fn)(void *arg, uint64_t id, struct slice name),
                          void *arg)
{
	struct account_meta meta;
	struct slice name;
	struct err e = OK;

	for (uint64_t id = 1; is_ok(e); id++) {
		e = next_account(model, &id, &meta, &name);
		if (is_ok(e) && !fn(arg, id, name))
			return OK;
	}
	return e.code == ERR_ABSENT ? OK : e;
}
