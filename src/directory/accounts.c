/* accounts.c -- accounts and their credentials, read and written. */
#include "base/clock.h"
#include "base/hash.h"
#include "directory/internal.h"
#include "directory/name.h"

/* -- reading -- */

static size_t copy_text(struct slice from, char *to, size_t size)
{
	struct slice s = slice_first(from, size);

	if (s.len != 0)
		memcpy(to, s.ptr, s.len);
	return s.len;
}

static void take_row(struct sql *sql, struct account_row *out)
{
	out->id = sql_column_u64(sql, 0);
	out->state = (uint8_t)sql_column_u64(sql, 1);
	out->created_s = (int64_t)sql_column_u64(sql, 2);
	out->name_len =
		copy_text(sql_column_text(sql, 3), out->name, sizeof out->name);
	out->credential = sql_column_u64(sql, 4);
	out->generation = sql_column_u64(sql, 5);
	out->changed_s = (int64_t)sql_column_u64(sql, 6);
	out->last_use_s = (int64_t)sql_column_u64(sql, 7);
	out->shared = sql_column_u64(sql, 9) != 0;
	out->administrator = sql_column_u64(sql, 10) != 0;
	out->second_factor = sql_column_u64(sql, 11) != 0;
	out->stored_len = copy_text(sql_column_text(sql, 8), out->stored,
	                            sizeof out->stored);
}

struct err directory_one_row(struct sql *sql, struct account_row *out)
{
	bool there;
	struct err e = sql_step(sql, &there);

	if (is_ok(e) && there)
		take_row(sql, out);
	sql_done(sql);
	if (!is_ok(e))
		return e;
	return there ? OK : err(ERR_ABSENT, "no such account");
}

struct err directory_find(struct directory *d, struct slice name,
                          struct account_row *out)
{
	sql_use(d->reader, FIND);
	sql_text(d->reader, 1, name);
	return directory_one_row(d->reader, out);
}

struct err directory_unfinished(struct directory *d, uint64_t after,
                                struct account_row *out)
{
	sql_use(d->reader, UNFINISHED);
	sql_u64(d->reader, 1, after);
	return directory_one_row(d->reader, out);
}

struct err directory_page(struct directory *d, struct slice domain,
                          struct slice after, struct account_row *out,
                          size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, domain.len == 0 ? PAGE : PAGE_DOMAIN);
	sql_text(d->reader, 1, after);
	sql_u64(d->reader, 2, most);
	if (domain.len != 0)
		sql_text(d->reader, 3, domain);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		take_row(d->reader, &out[(*n)++]);
	sql_done(d->reader);
	return e;
}

struct err directory_stale(struct directory *d, int64_t before_s,
                           struct slice after, struct arena *a,
                           struct stale_row *out, size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, STALE);
	sql_u64(d->reader, 1, (uint64_t)before_s);
	sql_text(d->reader, 2, after);
	sql_u64(d->reader, 3, most);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		out[(*n)++] = (struct stale_row){
			arena_copy(a, sql_column_text(d->reader, 0)),
			(int64_t)sql_column_u64(d->reader, 1),
			(int64_t)sql_column_u64(d->reader, 2),
		};
	sql_done(d->reader);
	return e;
}

static struct err one_number(struct directory *d, int statement, uint64_t *out)
{
	bool there;

	sql_use(d->reader, statement);

	struct err e = sql_step(d->reader, &there);

	if (is_ok(e))
		*out = sql_column_u64(d->reader, 0);
	sql_done(d->reader);
	return e;
}

struct err directory_count(struct directory *d, struct directory_counts *out)
{
	struct err e = one_number(d, COUNT_DOMAINS, &out->domains);

	return is_ok(e) ? one_number(d, COUNT_ACCOUNTS, &out->accounts) : e;
}

struct err directory_uidvalidity(struct directory *d, uint32_t *out)
{
	uint64_t n = 0;
	struct err e = one_number(d, UIDVALIDITY, &n);

	*out = (uint32_t)n;
	return e;
}

/* -- writing -- */

static struct err must_change(struct write *w, struct err e)
{
	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ABSENT, "no such account");
	return e;
}

/* 63 bits, because SQLite's numbers have a sign. */
static uint64_t new_id(void)
{
	uint64_t id = random_u64() >> 1;

	return id != 0 ? id : 1;
}

static struct err add_domain(struct write *w)
{
	sql_use(w->sql, ADD_DOMAIN);
	sql_text(w->sql, 1, user_name_domain(w->name));
	sql_u64(w->sql, 2, (uint64_t)clock_now_s());
	return sql_finish(w->sql);
}

static struct err add_account(struct write *w)
{
	sql_use(w->sql, ADD_ACCOUNT);
	sql_u64(w->sql, 1, new_id());
	sql_text(w->sql, 2, w->name);
	sql_text(w->sql, 3, user_name_domain(w->name));
	sql_u64(w->sql, 4, (uint64_t)clock_now_s());
	return sql_finish(w->sql);
}

static struct err find_adding(struct write *w)
{
	bool there;

	sql_use(w->sql, FIND_ADDING);
	sql_text(w->sql, 1, w->name);

	struct err e = sql_step(w->sql, &there);

	if (is_ok(e) && there)
		w->id = sql_column_u64(w->sql, 0);
	else if (is_ok(e))
		e = err(ERR_ALREADYEXISTS, "there is such an account");
	sql_done(w->sql);
	return e;
}

static struct err add_credential(struct write *w)
{
	sql_use(w->sql, ADD_CREDENTIAL);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	sql_u64(w->sql, 3, (uint64_t)clock_now_s());
	return sql_finish(w->sql);
}

static struct err with_id(struct write *w, int statement)
{
	sql_use(w->sql, statement);
	sql_u64(w->sql, 1, w->id);
	return sql_finish(w->sql);
}

static struct err run_add(struct write *w)
{
	struct err e = add_domain(w);

	if (is_ok(e))
		e = add_account(w);
	if (is_ok(e))
		e = find_adding(w);
	if (is_ok(e) && w->shared)
		return with_id(w, SHARE);
	return is_ok(e) ? add_credential(w) : e;
}

struct err directory_add(struct directory *d, struct slice name,
                         struct slice stored, uint64_t *id)
{
	struct write w = { .run = run_add,
		           .name = name,
		           .stored = stored,
		           .shared = stored.len == 0 };
	struct err e = directory_write(d, &w);

	*id = w.id;
	return e;
}

static struct err run_set_state(struct write *w)
{
	sql_use(w->sql, SET_STATE);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, w->state);

	struct err e = must_change(w, sql_finish(w->sql));

	if (!is_ok(e))
		return e;
	sql_use(w->sql, RAISE);
	sql_u64(w->sql, 1, w->id);
	return sql_finish(w->sql);
}

struct err directory_set_state(struct directory *d, uint64_t id,
                               enum account_state state)
{
	struct write w = { .run = run_set_state, .id = id, .state = state };

	return directory_write(d, &w);
}

static struct err run_set_administrator(struct write *w)
{
	sql_use(w->sql, SET_ADMINISTRATOR);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, w->administrator);
	return must_change(w, sql_finish(w->sql));
}

struct err directory_set_administrator(struct directory *d, uint64_t id,
                                       bool on)
{
	struct write w = { .run = run_set_administrator,
		           .id = id,
		           .administrator = on };

	return directory_write(d, &w);
}

static struct err run_set_password(struct write *w)
{
	sql_use(w->sql, SET_PASSWORD);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	sql_u64(w->sql, 3, (uint64_t)clock_now_s());
	return must_change(w, sql_finish(w->sql));
}

struct err directory_set_password(struct directory *d, uint64_t id,
                                  struct slice stored)
{
	struct write w = { .run = run_set_password,
		           .id = id,
		           .stored = stored };

	return directory_write(d, &w);
}

static struct err run_rehash(struct write *w)
{
	sql_use(w->sql, REHASH);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, w->generation);
	sql_text(w->sql, 3, w->stored);
	return sql_finish(w->sql);
}

struct err directory_rehash(struct directory *d, uint64_t credential,
                            uint64_t generation, struct slice stored)
{
	struct write w = { .run = run_rehash,
		           .id = credential,
		           .generation = generation,
		           .stored = stored };

	return directory_write(d, &w);
}

static struct err run_raise_uidvalidity(struct write *w)
{
	sql_use(w->sql, RAISE_UIDVALIDITY);
	sql_u64(w->sql, 1, w->uidvalidity);
	return sql_finish(w->sql);
}

struct err directory_raise_uidvalidity(struct directory *d, uint32_t last)
{
	struct write w = { .run = run_raise_uidvalidity, .uidvalidity = last };

	return directory_write(d, &w);
}

static struct err run_forget(struct write *w)
{
	struct err e = with_id(w, FORGET_HIDDEN);

	if (is_ok(e))
		e = with_id(w, FORGET_POLICIES);
	if (is_ok(e))
		e = must_change(w, with_id(w, FORGET));
	if (is_ok(e))
		e = sql_run(w->sql, FORGET_DOMAINS);
	if (is_ok(e))
		e = sql_run(w->sql, FORGET_HIDDEN_DOMAINS);
	return is_ok(e) ? sql_run(w->sql, FORGET_POLICIES_DOMAINS) : e;
}

struct err directory_forget(struct directory *d, uint64_t id)
{
	struct write w = { .run = run_forget, .id = id };

	return directory_write(d, &w);
}

static struct err run_used(struct write *w)
{
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < w->n_uses; i++) {
		sql_use(w->sql, USED);
		sql_u64(w->sql, 1, w->uses[i].credential);
		sql_u64(w->sql, 2, (uint64_t)w->uses[i].at_s);
		sql_text(w->sql, 3, slice_cstr(w->uses[i].address));
		e = sql_finish(w->sql);
	}
	return e;
}

struct err directory_used(struct directory *d,
                          const struct credential_use *uses, size_t n)
{
	struct write w = { .run = run_used, .uses = uses, .n_uses = n };

	return directory_write(d, &w);
}
