/* credentials.c -- app passwords, second factors, recovery codes. */
#include "base/clock.h"
#include "directory/credential.h"
#include "directory/internal.h"

/* What the functions that write are given. */
struct change {
	struct write write; /* first; id is the account's */
	const struct app_password *app;
	uint64_t credential;
	uint64_t step;
	const char (*codes)[CODE_STORED];
	size_t n_codes;
};

static const struct change *change_of(const struct write *w)
{
	return (const struct change *)w;
}

/* -- reading -- */

static void take_app_password(struct sql *sql, struct arena *a,
                              struct app_password *out)
{
	*out = (struct app_password){
		.credential = sql_column_u64(sql, 0),
		.name = arena_copy(a, sql_column_text(sql, 1)),
		.services = arena_copy(a, sql_column_text(sql, 2)),
		.networks = arena_copy(a, sql_column_text(sql, 3)),
		.expires_s = (int64_t)sql_column_u64(sql, 4),
		.created_s = (int64_t)sql_column_u64(sql, 5),
		.last_use_s = (int64_t)sql_column_u64(sql, 6),
		.last_address = arena_copy(a, sql_column_text(sql, 7)),
	};
}

struct err directory_app_passwords(struct directory *d, uint64_t account,
                                   struct arena *a, struct app_password *out,
                                   size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, APP_PASSWORDS);
	sql_u64(d->reader, 1, account);
	sql_u64(d->reader, 2, LIMIT_APP_PASSWORDS);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		take_app_password(d->reader, a, &out[(*n)++]);
	sql_done(d->reader);
	return e;
}

struct err directory_app_password(struct directory *d, uint64_t account,
                                  struct slice stored, struct arena *a,
                                  struct app_password *out)
{
	struct err e;
	bool there;

	sql_use(d->reader, APP_PASSWORD);
	sql_u64(d->reader, 1, account);
	sql_text(d->reader, 2, stored);
	e = sql_step(d->reader, &there);
	if (is_ok(e) && there)
		take_app_password(d->reader, a, out);
	sql_done(d->reader);
	if (is_ok(e) && !there)
		return err(ERR_ABSENT, "no such app password");
	return e;
}

struct err directory_expired(struct directory *d, int64_t after_s,
                             int64_t until_s, struct expired_row *out,
                             size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, EXPIRED);
	sql_u64(d->reader, 1, (uint64_t)after_s);
	sql_u64(d->reader, 2, (uint64_t)until_s);
	sql_u64(d->reader, 3, most);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		out[(*n)++] = (struct expired_row){
			sql_column_u64(d->reader, 0),
			sql_column_u64(d->reader, 1),
			(int64_t)sql_column_u64(d->reader, 2),
		};
	sql_done(d->reader);
	return e;
}

static void take_second_factor(struct sql *sql, struct second_factor *out)
{
	struct slice key = slice_first(sql_column_text(sql, 4), TOTP_KEY_TEXT);

	*out = (struct second_factor){
		.confirmed_s = (int64_t)sql_column_u64(sql, 0),
		.step = sql_column_u64(sql, 1),
		.misses = (uint32_t)sql_column_u64(sql, 2),
		.missed_s = (int64_t)sql_column_u64(sql, 3),
		.recovery_codes = (uint32_t)sql_column_u64(sql, 5),
		.key_len = key.len,
	};
	if (key.len != 0)
		memcpy(out->key, key.ptr, key.len);
}

struct err directory_second_factor(struct directory *d, uint64_t account,
                                   struct second_factor *out)
{
	struct err e;
	bool there;

	sql_use(d->reader, SECOND_FACTOR);
	sql_u64(d->reader, 1, account);
	e = sql_step(d->reader, &there);
	if (is_ok(e) && there)
		take_second_factor(d->reader, out);
	sql_done(d->reader);
	if (is_ok(e) && !there)
		return err(ERR_ABSENT, "it has no second factor");
	return e;
}

/* -- app passwords -- */

struct err credentials_within(struct write *w, struct slice kind, uint64_t most,
                              const char *why)
{
	bool too_many = false;
	struct err e;

	sql_use(w->sql, TOO_MANY_CREDENTIALS);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, kind);
	sql_u64(w->sql, 3, most);
	e = sql_step(w->sql, &too_many);
	sql_done(w->sql);
	return too_many ? err(ERR_LIMIT, why) : e;
}

struct err credential_remove(struct write *w, struct slice kind,
                             uint64_t *credential, const char *why)
{
	bool there = false;
	struct err e;

	sql_use(w->sql, REMOVE_CREDENTIAL);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, kind);
	sql_text(w->sql, 3, w->name);
	e = sql_step(w->sql, &there);
	if (is_ok(e) && there)
		*credential = sql_column_u64(w->sql, 0);
	sql_done(w->sql);
	return is_ok(e) && !there ? err(ERR_ABSENT, why) : e;
}

static struct err insert_app_password(struct write *w)
{
	const struct app_password *p = change_of(w)->app;

	sql_use(w->sql, ADD_APP_PASSWORD);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, p->name);
	sql_text(w->sql, 3, w->stored);
	sql_u64(w->sql, 4, (uint64_t)clock_now_s());
	sql_text(w->sql, 5, p->services);
	sql_text(w->sql, 6, p->networks);
	sql_u64(w->sql, 7, (uint64_t)p->expires_s);
	return sql_finish(w->sql);
}

static struct err run_add_app_password(struct write *w)
{
	struct err e = insert_app_password(w);

	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ALREADYEXISTS, "there is an app password of "
		                              "that name");
	if (!is_ok(e))
		return e;
	return credentials_within(w, S("app"), LIMIT_APP_PASSWORDS,
	                          "it has too many app passwords");
}

struct err directory_add_app_password(struct directory *d, uint64_t account,
                                      const struct app_password *p,
                                      struct slice stored)
{
	struct change c = { .write = { .run = run_add_app_password,
		                       .id = account,
		                       .stored = stored },
		            .app = p };

	return directory_write(d, &c.write);
}

static struct err run_revoke_app_password(struct write *w)
{
	struct change *c = (struct change *)w;

	return credential_remove(w, S("app"), &c->credential,
	                         "no such app password");
}

struct err directory_revoke_app_password(struct directory *d, uint64_t account,
                                         struct slice name,
                                         uint64_t *credential)
{
	struct change c = { .write = { .run = run_revoke_app_password,
		                       .id = account,
		                       .name = name } };
	struct err e = directory_write(d, &c.write);

	*credential = c.credential;
	return e;
}

/* -- second factors -- */

/* The statement in use has changed a row, or it may not. */
static struct err must_change(struct write *w, enum err_code code,
                              const char *text)
{
	struct err e = sql_finish(w->sql);

	return is_ok(e) && sql_changes(w->sql) == 0 ? err(code, text) : e;
}

static struct err with_account(struct write *w, int statement)
{
	sql_use(w->sql, statement);
	sql_u64(w->sql, 1, w->id);
	return sql_finish(w->sql);
}

static struct err run_set(struct write *w)
{
	sql_use(w->sql, SET_SECOND_FACTOR);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	return must_change(w, ERR_NOTNOW, "it has a second factor already");
}

struct err directory_set_second_factor(struct directory *d, uint64_t account,
                                       struct slice key)
{
	struct write w = { .run = run_set, .id = account, .stored = key };

	return directory_write(d, &w);
}

static struct err replace_codes(struct write *w)
{
	const struct change *c = change_of(w);
	struct err e = with_account(w, FORGET_RECOVERY_CODES);

	for (size_t i = 0; is_ok(e) && i < c->n_codes; i++) {
		sql_use(w->sql, ADD_RECOVERY_CODE);
		sql_u64(w->sql, 1, w->id);
		sql_text(w->sql, 2, slice_of(c->codes[i], CODE_STORED));
		e = must_change(w, ERR_NOTNOW, "it has no second factor");
	}
	return e;
}

static struct err run_confirm(struct write *w)
{
	struct err e;

	sql_use(w->sql, CONFIRM_SECOND_FACTOR);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	sql_u64(w->sql, 3, change_of(w)->step);
	sql_u64(w->sql, 4, (uint64_t)clock_now_s());
	e = must_change(w, ERR_NOTNOW, "it was changed just now");
	if (is_ok(e))
		e = replace_codes(w);
	return is_ok(e) ? with_account(w, RAISE) : e;
}

struct err directory_confirm_second_factor(struct directory *d,
                                           uint64_t account, struct slice key,
                                           uint64_t step,
                                           const char (*codes)[CODE_STORED],
                                           size_t n)
{
	struct change c = {
		.write = { .run = run_confirm, .id = account, .stored = key },
		.step = step,
		.codes = codes,
		.n_codes = n
	};

	return directory_write(d, &c.write);
}

struct err directory_set_recovery_codes(struct directory *d, uint64_t account,
                                        const char (*codes)[CODE_STORED],
                                        size_t n)
{
	struct change c = { .write = { .run = replace_codes, .id = account },
		            .codes = codes,
		            .n_codes = n };

	return directory_write(d, &c.write);
}

static struct err run_take_step(struct write *w)
{
	sql_use(w->sql, TAKE_STEP);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, change_of(w)->step);
	return must_change(w, ERR_ABSENT, "that code has been taken");
}

struct err directory_take_step(struct directory *d, uint64_t account,
                               uint64_t step)
{
	struct change c = { .write = { .run = run_take_step, .id = account },
		            .step = step };

	return directory_write(d, &c.write);
}

static struct err run_take_recovery_code(struct write *w)
{
	sql_use(w->sql, TAKE_RECOVERY_CODE);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	return must_change(w, ERR_ABSENT, "no such recovery code");
}

struct err directory_take_recovery_code(struct directory *d, uint64_t account,
                                        struct slice stored)
{
	struct write w = { .run = run_take_recovery_code,
		           .id = account,
		           .stored = stored };

	return directory_write(d, &w);
}

static struct err run_miss(struct write *w)
{
	sql_use(w->sql, MISS_CODE);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, (uint64_t)clock_now_s());
	return sql_finish(w->sql);
}

struct err directory_miss_code(struct directory *d, uint64_t account)
{
	struct write w = { .run = run_miss, .id = account };

	return directory_write(d, &w);
}

static struct err run_remove(struct write *w)
{
	sql_use(w->sql, REMOVE_SECOND_FACTOR);
	sql_u64(w->sql, 1, w->id);
	return must_change(w, ERR_ABSENT, "it has no second factor");
}

struct err directory_remove_second_factor(struct directory *d, uint64_t account)
{
	struct write w = { .run = run_remove, .id = account };

	return directory_write(d, &w);
}
