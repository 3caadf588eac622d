/* control_credentials.c -- app passwords and second factors, at a command's
 * request. */
#include "admin/verbs.h"
#include "auth/app_password.h"
#include "auth/control_internal.h"
#include "auth/second_factor.h"
#include "base/clock.h"
#include "base/mem.h"

/* Secrets are shown once, and not kept here. */
static void forget(struct buf *secret)
{
	mem_wipe(secret->data, secret->cap);
	buf_free(secret);
}

/* -- app passwords -- */

static struct err take_lifetime(struct slice text, int64_t *expires_s)
{
	uint64_t lifetime_s;

	*expires_s = 0;
	if (text.len == 0)
		return OK;
	if (!slice_number(text, &lifetime_s) || lifetime_s > INT32_MAX)
		return err(ERR_SYNTAX, "--expires: that is too far away");
	*expires_s = clock_now_s() + (int64_t)lifetime_s;
	return OK;
}

struct err control_app_password_add(struct control *c, struct slice account,
                                    struct slice name)
{
	struct app_password p = { .name = name,
		                  .services = c->field[2],
		                  .networks = c->field[3] };
	struct buf secret = { 0 };
	struct err e = take_lifetime(c->field[4], &p.expires_s);

	if (is_ok(e))
		e = app_password_add(c->auth, account, &p, &secret);
	if (is_ok(e))
		control_answer(c, (struct slice[]){ buf_slice(&secret) },
		               APP_PASSWORD_ADD_COLUMNS);
	forget(&secret);
	return e;
}

static void list_row(struct control *c, struct arena *a,
                     const struct app_password *p)
{
	struct slice field[APP_PASSWORD_LIST_COLUMNS] = {
		[APP_PASSWORD_LIST_NAME] = p->name,
		[APP_PASSWORD_LIST_PROTOCOLS] = p->services,
		[APP_PASSWORD_LIST_NETWORKS] = p->networks,
		[APP_PASSWORD_LIST_CREATED] = control_time(a, p->created_s),
		[APP_PASSWORD_LIST_EXPIRES] = control_time(a, p->expires_s),
		[APP_PASSWORD_LIST_LAST_USE] = control_time(a, p->last_use_s),
		[APP_PASSWORD_LIST_LAST_ADDRESS] = p->last_address,
	};

	control_answer(c, field, APP_PASSWORD_LIST_COLUMNS);
}

static struct err list_rows(struct control *c, const struct account_row *row,
                            struct arena *a)
{
	struct app_password all[LIMIT_APP_PASSWORDS];
	size_t n = 0;
	struct err e = directory_app_passwords(c->auth->directory, row->id, a,
	                                       all, &n);

	for (size_t i = 0; is_ok(e) && i < n; i++)
		list_row(c, a, &all[i]);
	return e;
}

struct err control_app_password_list(struct control *c, struct slice account,
                                     struct slice nothing)
{
	(void)nothing;
	return control_tell_of(c, account, list_rows);
}

struct err control_app_password_revoke(struct control *c, struct slice account,
                                       struct slice name)
{
	return app_password_revoke(c->auth, account, name);
}

/* -- second factors -- */

struct err control_totp_enable(struct control *c, struct slice account,
                               struct slice nothing)
{
	struct buf key = { 0 };
	struct buf uri = { 0 };
	struct err e = second_factor_begin(c->auth, account, &key, &uri);

	(void)nothing;
	if (is_ok(e))
		control_answer(c,
		               (struct slice[TOTP_ENABLE_COLUMNS]){
				       [TOTP_ENABLE_KEY] = buf_slice(&key),
				       [TOTP_ENABLE_URI] = buf_slice(&uri),
			       },
		               TOTP_ENABLE_COLUMNS);
	forget(&key);
	forget(&uri);
	return e;
}

/* A row a line. */
static struct err answer_codes(struct control *c, struct err e,
                               struct buf *codes)
{
	struct slice rest = buf_slice(codes);
	struct slice line;

	while (is_ok(e) && slice_cut(rest, '\n', &line, &rest))
		control_answer(c, &line, RECOVERY_CODES_COLUMNS);
	forget(codes);
	return e;
}

struct err control_totp_confirm(struct control *c, struct slice account,
                                struct slice code)
{
	struct buf codes = { 0 };
	struct err e = second_factor_confirm(c->auth, account, code, &codes);

	return answer_codes(c, e, &codes);
}

struct err control_totp_recovery(struct control *c, struct slice account,
                                 struct slice nothing)
{
	struct buf codes = { 0 };
	struct err e = second_factor_recovery(c->auth, account, &codes);

	(void)nothing;
	return answer_codes(c, e, &codes);
}

struct err control_totp_check(struct control *c, struct slice account,
                              struct slice code)
{
	return second_factor_check(c->auth, account, code);
}

struct err control_totp_disable(struct control *c, struct slice account,
                                struct slice nothing)
{
	(void)nothing;
	return second_factor_disable(c->auth, account);
}

static const char *state_of(struct err found, const struct second_factor *f)
{
	if (!is_ok(found))
		return "off";
	return f->confirmed_s != 0 ? "on" : "pending";
}

static struct err tell_status(struct control *c, const struct account_row *row,
                              struct arena *a)
{
	struct second_factor f = { 0 };
	struct err found =
		directory_second_factor(c->auth->directory, row->id, &f);

	if (!is_ok(found) && found.code != ERR_ABSENT)
		return found;
	control_answer(
		c,
		(struct slice[TOTP_STATUS_COLUMNS]){
			[TOTP_STATUS_NAME] = account_row_name(row),
			[TOTP_STATUS_STATE] = slice_cstr(state_of(found, &f)),
			[TOTP_STATUS_SINCE] = control_time(a, f.confirmed_s),
			[TOTP_STATUS_RECOVERY_CODES] =
				arena_printf(a, "%u", f.recovery_codes),
			[TOTP_STATUS_MAIN_PASSWORD] =
				main_password_opens(c->auth, row) ? S("yes")
								  : S("no"),
		},
		TOTP_STATUS_COLUMNS);
	mem_wipe(&f, sizeof f);
	return OK;
}

struct err control_totp_status(struct control *c, struct slice account,
                               struct slice nothing)
{
	(void)nothing;
	return control_tell_of(c, account, tell_status);
}
