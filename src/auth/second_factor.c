/* second_factor.c -- see second_factor.h. */
#include "auth/second_factor.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "directory/name.h"

static const char purpose[] = "recovery code";

static void log_change(const char *event, const struct account_row *row)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_text(&l, "user", account_row_name(row));
	log_close(&l);
}

/* -- the main password -- */

struct password_policy {
	enum policy_switch passwords;
	enum policy_main_password main;
};

/* What can't be read lets nobody in. */
static struct password_policy password_policy(struct auth *a,
                                              const struct account_row *row)
{
	struct policies p;
	struct arena *arena = arena_new(1 << 14);
	struct err e = directory_policies_for(a->directory,
	                                      account_row_name(row), arena, &p);

	arena_free(arena);
	if (!is_ok(e))
		return (struct password_policy){ POLICY_OFF,
			                         MAIN_PASSWORD_NEVER };
	return (struct password_policy){ p.v[POLICY_PASSWORDS].choice,
		                         p.v[POLICY_MAIN_PASSWORD].choice };
}

bool main_password_opens(struct auth *a, const struct account_row *row)
{
	struct password_policy p = password_policy(a, row);

	return row->credential != 0 && p.passwords == POLICY_ON &&
	       (!row->second_factor || p.main == MAIN_PASSWORD_ALLOWED);
}

struct err main_password_rule(struct auth *a, const struct account_row *row)
{
	if (!row->second_factor ||
	    password_policy(a, row).main == MAIN_PASSWORD_ALLOWED)
		return OK;
	return err(ERR_AUTHORIZATIONFAILED,
	           "this account needs an app password");
}

/* -- recovery codes -- */

struct recovery {
	char stored[RECOVERY_CODES][CODE_STORED];
};

static void make_codes(struct auth *a, uint64_t account, struct recovery *out,
                       struct buf *codes)
{
	struct slice key = directory_secret(a->directory);

	buf_room(codes, (size_t)RECOVERY_CODES * 2 * CODE_RECOVERY);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		size_t from = codes->len;

		code_make(CODE_RECOVERY, codes);
		code_keep(key, purpose, account,
		          slice_from(buf_slice(codes), from), CODE_RECOVERY,
		          out->stored[i]);
		buf_byte(codes, '\n');
	}
}

static struct err replace_codes(struct auth *a, const struct account_row *row,
                                struct buf *codes)
{
	struct recovery made;

	make_codes(a, row->id, &made, codes);
	return directory_set_recovery_codes(a->directory, row->id, made.stored,
	                                    RECOVERY_CODES);
}

struct err second_factor_recovery(struct auth *a, struct slice account,
                                  struct buf *codes)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = replace_codes(a, &row, codes);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("recovery_codes_made", &row);
	return e;
}

/* -- on and off -- */

static struct err begin(struct auth *a, const struct account_row *row,
                        struct buf *key, struct buf *uri)
{
	struct slice name = account_row_name(row);

	if (row->shared || row->state == ACCOUNT_REMOVING)
		return err(ERR_NOTNOW, "nobody logs in to it");
	totp_key_make(key);
	totp_uri(buf_slice(key), name, user_name_domain(name), uri);
	return directory_set_second_factor(a->directory, row->id,
	                                   buf_slice(key));
}

struct err second_factor_begin(struct auth *a, struct slice account,
                               struct buf *key, struct buf *uri)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = begin(a, &row, key, uri);
	task_unlock(&a->changing);
	return e;
}

/* Sessions of a password that no longer opens mail end. */
static struct err end_sessions(struct auth *a, struct slice name)
{
	struct account_row row;
	struct err e = directory_find(a->directory, name, &row);

	if (!is_ok(e) || row.credential == 0 ||
	    is_ok(main_password_rule(a, &row)))
		return e;
	return account_kick(a, row.id, row.credential);
}

static struct err wrong_code(void)
{
	return err(ERR_AUTHENTICATIONFAILED, "that is not the code");
}

static struct err confirm(struct auth *a, const struct account_row *row,
                          struct slice code, struct buf *codes)
{
	struct second_factor f;
	struct recovery made;
	uint64_t step;
	struct err e = directory_second_factor(a->directory, row->id, &f);

	if (!is_ok(e))
		return e;
	if (f.confirmed_s != 0)
		return err(ERR_NOTNOW, "it has been confirmed");
	if (!totp_is_right(slice_of(f.key, f.key_len), code, clock_now_s(),
	                   f.step, &step))
		return wrong_code();
	make_codes(a, row->id, &made, codes);
	e = directory_confirm_second_factor(a->directory, row->id,
	                                    slice_of(f.key, f.key_len), step,
	                                    made.stored, RECOVERY_CODES);
	return is_ok(e) ? end_sessions(a, account_row_name(row)) : e;
}

struct err second_factor_confirm(struct auth *a, struct slice account,
                                 struct slice code, struct buf *codes)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = confirm(a, &row, code, codes);
	task_unlock(&a->changing);
	if (!is_ok(e))
		return e;
	log_change("second_factor_on", &row);
	return account_settle(a, row.id);
}

struct err second_factor_disable(struct auth *a, struct slice account)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = directory_remove_second_factor(a->directory, row.id);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("second_factor_off", &row);
	return e;
}

/* -- codes -- */

/* Until when those of the app have to wait. */
static int64_t paused_until_s(const struct second_factor *f)
{
	int64_t pause_s = SECOND_FACTOR_PAUSE_S;

	if (f->misses < SECOND_FACTOR_MISSES)
		return 0;
	for (uint32_t i = SECOND_FACTOR_MISSES;
	     i < f->misses && pause_s < SECOND_FACTOR_PAUSE_MOST_S; i++)
		pause_s *= 2;
	if (pause_s > SECOND_FACTOR_PAUSE_MOST_S)
		pause_s = SECOND_FACTOR_PAUSE_MOST_S;
	return f->missed_s + pause_s;
}

static struct err miss(struct auth *a, uint64_t account)
{
	struct err e = directory_miss_code(a->directory, account);

	return is_ok(e) ? wrong_code() : e;
}

static struct err take_app_code(struct auth *a, uint64_t account,
                                const struct second_factor *f,
                                struct slice code)
{
	uint64_t step;
	struct err e;

	if (clock_now_s() < paused_until_s(f))
		return err(ERR_LIMIT, "too many wrong codes: wait, or take a "
		                      "recovery code");
	if (!totp_is_right(slice_of(f->key, f->key_len), code, clock_now_s(),
	                   f->step, &step))
		return miss(a, account);
	e = directory_take_step(a->directory, account, step);
	return e.code == ERR_ABSENT ? wrong_code() : e;
}

static struct err take_code(struct auth *a, uint64_t account, struct slice code)
{
	struct second_factor f;
	char stored[CODE_STORED];
	struct err e = directory_second_factor(a->directory, account, &f);

	if (!is_ok(e))
		return e;
	if (f.confirmed_s == 0)
		return err(ERR_ABSENT, "its second factor is not confirmed");
	if (!code_keep(directory_secret(a->directory), purpose, account, code,
	               CODE_RECOVERY, stored))
		return take_app_code(a, account, &f, code);
	e = directory_take_recovery_code(a->directory, account,
	                                 slice_of(stored, sizeof stored));
	return e.code == ERR_ABSENT ? wrong_code() : e;
}

struct err second_factor_check(struct auth *a, struct slice account,
                               struct slice code)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = take_code(a, row.id, code);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("second_factor_code", &row);
	return e;
}
