/* control_verbs.c -- accounts, what is hidden from them, groups, figures. */
#include <inttypes.h>
#include <stdlib.h>

#include "admin/verbs.h"
#include "auth/app_password.h"
#include "auth/control_internal.h"
#include "auth/second_factor.h"
#include "base/arena.h"
#include "base/mem.h"
#include "directory/name.h"

enum { PAGE = 64 };

/* -- pages -- */

void control_pages_init(struct control_pages *p)
{
	*p = (struct control_pages){ { arena_new(1 << 20), arena_new(1 << 20) },
		                     0 };
}

void control_pages_fini(struct control_pages *p)
{
	arena_free(p->arenas[0]);
	arena_free(p->arenas[1]);
}

struct arena *control_pages_next(struct control_pages *p)
{
	struct arena *a = p->arenas[p->n++ % 2];

	arena_reset(a);
	return a;
}

/* -- users -- */

static struct slice state_name(const struct account_row *r)
{
	static const char *const names[] = {
		[ACCOUNT_ADDING] = "adding",
		[ACCOUNT_ENABLED] = "enabled",
		[ACCOUNT_DISABLED] = "disabled",
		[ACCOUNT_REMOVING] = "removing",
	};

	return slice_cstr(r->state <= ACCOUNT_REMOVING ? names[r->state]
	                                               : "unknown");
}

struct slice control_time(struct arena *a, int64_t s)
{
	return s != 0 ? arena_printf(a, "%" PRId64, s) : S("");
}

static void list_row(struct control *c, struct arena *a,
                     const struct account_row *r)
{
	struct slice field[USER_LIST_COLUMNS] = {
		[USER_LIST_NAME] = account_row_name(r),
		[USER_LIST_STATE] = state_name(r),
		[USER_LIST_PARTITION] = arena_printf(
			a, "%" PRIu32,
			directory_partition(c->auth->directory, r->id)),
		[USER_LIST_CREATED] = control_time(a, r->created_s),
		[USER_LIST_LAST_LOGIN] = control_time(a, r->last_use_s),
		[USER_LIST_SECOND_FACTOR] =
			r->second_factor ? S("yes") : S("no"),
		[USER_LIST_MAIN_PASSWORD] =
			main_password_opens(c->auth, r) ? S("yes") : S("no"),
		[USER_LIST_ADMINISTRATOR] =
			r->administrator ? S("yes") : S("no"),
		[USER_LIST_SCHEME] = password_scheme(account_row_stored(r)),
	};

	control_answer(c, field, USER_LIST_COLUMNS);
}

/* The names of a page stand in its rows, so the last one leads on. */
static struct err list_pages(struct control *c, struct slice domain,
                             struct account_row *page)
{
	struct arena *a = arena_new(1 << 20);
	struct buf after = { 0 };
	struct err e = OK;
	size_t n = PAGE;

	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		e = directory_page(c->auth->directory, domain,
		                   buf_slice(&after), page, PAGE, &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			list_row(c, a, &page[i]);
		if (n != 0) {
			after.len = 0;
			buf_add(&after, account_row_name(&page[n - 1]));
		}
		arena_reset(a);
	}
	buf_free(&after);
	arena_free(a);
	return e;
}

static struct err user_list(struct control *c, struct slice domain,
                            struct slice nothing)
{
	struct account_row *page = mem_new(PAGE, sizeof *page);
	struct buf normal = { 0 };
	struct err e = OK;

	(void)nothing;
	if (domain.len != 0)
		e = user_domain_normal(domain, &normal);
	if (is_ok(e))
		e = list_pages(c, slice_from(buf_slice(&normal), 1), page);
	else
		e = err(ERR_SYNTAX, "not a domain, as example.org is one");
	buf_free(&normal);
	free(page);
	return e;
}

struct err control_find(struct control *c, struct slice name,
                        struct account_row *out)
{
	struct buf key = { 0 };
	struct err e = user_name_normal(name, &key);

	if (is_ok(e))
		e = directory_find(c->auth->directory, buf_slice(&key), out);
	buf_free(&key);
	return e;
}

struct err control_tell_of(struct control *c, struct slice name,
                           struct err (*tell)(struct control *,
                                              const struct account_row *,
                                              struct arena *))
{
	struct account_row row;
	struct err e = control_find(c, name, &row);
	struct arena *a;

	if (!is_ok(e))
		return e;
	a = arena_new(1 << 20);
	e = tell(c, &row, a);
	arena_free(a);
	return e;
}

static struct err user_show(struct control *c, struct slice name,
                            struct slice nothing)
{
	struct account_row r;
	struct err e = control_find(c, name, &r);
	struct arena *a;

	(void)nothing;
	if (!is_ok(e))
		return e;
	a = arena_new(1 << 16);
	control_answer(
		c,
		(struct slice[USER_SHOW_COLUMNS]){
			[USER_SHOW_NAME] = account_row_name(&r),
			[USER_SHOW_ID] = arena_printf(a, "%016" PRIx64, r.id),
			[USER_SHOW_STATE] = state_name(&r),
			[USER_SHOW_PARTITION] = arena_printf(
				a, "%" PRIu32,
				directory_partition(c->auth->directory, r.id)),
			[USER_SHOW_CREATED] = control_time(a, r.created_s),
			[USER_SHOW_LAST_LOGIN] = control_time(a, r.last_use_s),
			[USER_SHOW_SCHEME] =
				password_scheme(account_row_stored(&r)),
			[USER_SHOW_PASSWORD_CHANGED] =
				control_time(a, r.changed_s),
			[USER_SHOW_ADMINISTRATOR] =
				r.administrator ? S("yes") : S("no"),
			[USER_SHOW_APP_PASSWORDS] = arena_printf(
				a, "%zu", app_password_count(c->auth, r.id)),
			[USER_SHOW_SECOND_FACTOR] =
				r.second_factor ? S("yes") : S("no"),
			[USER_SHOW_MAIN_PASSWORD] =
				main_password_opens(c->auth, &r) ? S("yes")
								 : S("no"),
			[USER_SHOW_POLICIES] = control_policies_text(c, &r, a),
		},
		USER_SHOW_COLUMNS);
	arena_free(a);
	return OK;
}

static struct err user_add(struct control *c, struct slice name,
                           struct slice secret)
{
	return account_add(c->auth, name, secret);
}

static struct err user_add_stored(struct control *c, struct slice name,
                                  struct slice stored)
{
	return account_add_stored(c->auth, name, stored);
}

static struct err user_add_shared(struct control *c, struct slice name,
                                  struct slice nothing)
{
	(void)nothing;
	return account_add_shared(c->auth, name);
}

static struct err user_password(struct control *c, struct slice name,
                                struct slice secret)
{
	return account_password(c->auth, name, secret);
}

static struct err user_password_stored(struct control *c, struct slice name,
                                       struct slice stored)
{
	return account_password_stored(c->auth, name, stored);
}

static struct err user_disable(struct control *c, struct slice name,
                               struct slice nothing)
{
	(void)nothing;
	return account_enable(c->auth, name, false);
}

static struct err user_enable(struct control *c, struct slice name,
                              struct slice nothing)
{
	(void)nothing;
	return account_enable(c->auth, name, true);
}

static struct err user_promote(struct control *c, struct slice name,
                               struct slice nothing)
{
	(void)nothing;
	return account_administrator(c->auth, name, true);
}

static struct err user_demote(struct control *c, struct slice name,
                              struct slice nothing)
{
	(void)nothing;
	return account_administrator(c->auth, name, false);
}

static struct err user_remove(struct control *c, struct slice name,
                              struct slice nothing)
{
	(void)nothing;
	return account_remove(c->auth, name);
}

/* -- capabilities -- */

static struct err hide(struct control *c, struct slice scope,
                       struct slice capability)
{
	return capability_hide(c->auth, scope, capability, true);
}

static struct err offer(struct control *c, struct slice scope,
                        struct slice capability)
{
	return capability_hide(c->auth, scope, capability, false);
}

static void hidden_row(struct control *c, const struct hidden_row *h)
{
	bool is_domain = h->scope.len != 0 && h->scope.ptr[0] == '@';
	struct slice of = slice_from(h->scope, is_domain ? 1 : 0);

	control_answer(
		c,
		(struct slice[CAPABILITY_LIST_COLUMNS]){
			[CAPABILITY_LIST_CAPABILITY] = h->capability,
			[CAPABILITY_LIST_USER] = is_domain ? S("") : of,
			[CAPABILITY_LIST_DOMAIN] = is_domain ? of : S(""),
		},
		CAPABILITY_LIST_COLUMNS);
}

static struct err list_hidden(struct control *c, struct slice nothing,
                              struct slice nothing_either)
{
	struct hidden_row page[PAGE];
	struct control_pages pages;
	struct hidden_row last = { S(""), S("") };
	struct err e = OK;
	size_t n = PAGE;

	(void)nothing;
	(void)nothing_either;
	control_pages_init(&pages);
	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		e = directory_hidden_page(c->auth->directory, &last,
		                          control_pages_next(&pages), page,
		                          PAGE, &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			hidden_row(c, &page[i]);
		if (n != 0)
			last = page[n - 1];
	}
	control_pages_fini(&pages);
	return e;
}

/* -- groups -- */

static struct err group_add(struct control *c, struct slice group,
                            struct slice name)
{
	return group_change(c->auth, group, name, true);
}

static struct err group_remove(struct control *c, struct slice group,
                               struct slice name)
{
	return group_change(c->auth, group, name, false);
}

static struct err group_list(struct control *c, struct slice nothing,
                             struct slice nothing_either)
{
	struct member_row page[PAGE];
	struct control_pages pages;
	struct member_row last = { S(""), S("") };
	struct err e = OK;
	size_t n = PAGE;

	(void)nothing;
	(void)nothing_either;
	control_pages_init(&pages);
	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		e = directory_members(c->auth->directory, &last,
		                      control_pages_next(&pages), page, PAGE,
		                      &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			control_answer(
				c,
				(struct slice[GROUP_LIST_COLUMNS]){
					[GROUP_LIST_GROUP] = page[i].group,
					[GROUP_LIST_USER] = page[i].account,
				},
				GROUP_LIST_COLUMNS);
		if (n != 0)
			last = page[n - 1];
	}
	control_pages_fini(&pages);
	return e;
}

/* -- status -- */

static void figure(struct control *c, const char *process, const char *name,
                   struct slice value)
{
	control_answer(c,
	               (struct slice[STATUS_COLUMNS]){
			       [STATUS_PROCESS] = slice_cstr(process),
			       [STATUS_FIGURE] = slice_cstr(name),
			       [STATUS_VALUE] = value,
		       },
	               STATUS_COLUMNS);
}

static void number(struct control *c, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, value);
	figure(c, "auth", name, slice_cstr(text));
}

/* The certificate that ends first. */
static void certificates(struct control *c)
{
	const struct certificate_dates *all = &c->auth->certificates;
	const struct certificate_date *first = certificate_dates_first(all);
	char text[24];

	number(c, "certificates", all->n);
	if (first == NULL)
		return;
	snprintf(text, sizeof text, "%" PRId64, certificate_days(first));
	figure(c, "auth", "certificate_days", slice_cstr(text));
	figure(c, "auth", "certificate_first", slice_cstr(first->name));
}

static struct err status(struct control *c, struct slice nothing,
                         struct slice nothing_either)
{
	struct directory_counts counts;
	struct err e = directory_count(c->auth->directory, &counts);

	(void)nothing;
	(void)nothing_either;
	if (!is_ok(e))
		return e;
	number(c, "domains", counts.domains);
	number(c, "accounts", counts.accounts);
	number(c, "logins", c->auth->logins);
	number(c, "login_failures", c->auth->failures);
	number(c, "logins_refused_unseen", c->auth->refused_unseen);
	certificates(c);
	for (uint32_t i = 0; i < c->auth->partitions; i++) {
		char process[24];

		snprintf(process, sizeof process, "mail/%" PRIu32, i);
		figure(c, process, "serving",
		       auth_mail(c->auth, i) != NULL ? S("yes") : S("no"));
	}
	figure(c, "metrics", "serving", slice_cstr(c->auth->options->metrics));
	return OK;
}

static struct err listeners(struct control *c, struct slice nothing,
                            struct slice nothing_either)
{
	const struct auth_options *o = c->auth->options;

	(void)nothing;
	(void)nothing_either;
	for (size_t i = 0; i < o->listeners_count; i++)
		control_answer(c,
		               (struct slice[LISTENER_COLUMNS]){
				       [LISTENER_KIND] =
					       slice_cstr(o->listeners[i].kind),
				       [LISTENER_WHERE] = slice_cstr(
					       o->listeners[i].where),
			       },
		               LISTENER_COLUMNS);
	return OK;
}

/* -- the table -- */

/* clang-format off */
const struct control_verb control_verbs[] = {
	{ FRAME_USER_ADD, 2, user_add, "user_add", { "user", NULL } },
	{ FRAME_USER_ADD_STORED, 2, user_add_stored, "user_add_stored", { "user", NULL } },
	{ FRAME_USER_ADD_SHARED, 1, user_add_shared, "user_add_shared", { "user" } },
	{ FRAME_USER_LIST, 1, user_list },
	{ FRAME_USER_SHOW, 1, user_show },
	{ FRAME_USER_PASSWORD, 2, user_password, "user_password", { "user", NULL } },
	{ FRAME_USER_PASSWORD_STORED, 2, user_password_stored, "user_password_stored", { "user", NULL } },
	{ FRAME_USER_DISABLE, 1, user_disable, "user_disable", { "user" } },
	{ FRAME_USER_ENABLE, 1, user_enable, "user_enable", { "user" } },
	{ FRAME_USER_PROMOTE, 1, user_promote, "user_promote", { "user" } },
	{ FRAME_USER_DEMOTE, 1, user_demote, "user_demote", { "user" } },
	{ FRAME_USER_REMOVE, 1, user_remove, "user_remove", { "user" } },
	{ FRAME_CAPABILITY_HIDE, 2, hide, "capability_hide", { "scope", "capability" } },
	{ FRAME_CAPABILITY_LIST, 0, list_hidden },
	{ FRAME_CAPABILITY_OFFER, 2, offer, "capability_offer", { "scope", "capability" } },
	{ FRAME_GROUP_ADD, 2, group_add, "group_add", { "group", "user" } },
	{ FRAME_GROUP_LIST, 0, group_list },
	{ FRAME_GROUP_REMOVE, 2, group_remove, "group_remove", { "group", "user" } },
	{ FRAME_USER_STALE, 2, control_user_stale, "user_stale", { "days", "disable" } },
	{ FRAME_POLICY_SET, 2, control_policy_set, "policy_set", { "scope", "policy" } },
	{ FRAME_POLICY_UNSET, 2, control_policy_unset, "policy_unset", { "scope", "policy" } },
	{ FRAME_POLICY_SHOW, 2, control_policy_show },
	{ FRAME_POLICY_EFFECTIVE, 2, control_policy_effective },
	{ FRAME_AUTH_TEST, 2, control_auth_test },
	{ FRAME_AUTH_TEST_TOKEN, 2, control_auth_test_token, .most = LIMIT_SASL_LINE },
	{ FRAME_ISSUERS, 0, control_issuers },
	{ FRAME_SOURCES, 0, control_sources },
	{ FRAME_LISTENERS, 0, listeners },
	{ FRAME_STATUS, 0, status },
	{ FRAME_ALERT_LIST, 1, control_alert_list },
	{ FRAME_ALERT_SILENCE, 3, control_alert_silence, "alert_silence", { "scope", "kind" } },
	{ FRAME_ALERT_RESUME, 2, control_alert_resume, "alert_resume", { "scope", "kind" } },
	{ FRAME_ALERT_TEST, 1, control_alert_test },
	{ FRAME_APP_PASSWORD_ADD, 5, control_app_password_add, "app_password_add", { "user", "name" } },
	{ FRAME_APP_PASSWORD_LIST, 1, control_app_password_list },
	{ FRAME_APP_PASSWORD_REVOKE, 2, control_app_password_revoke, "app_password_revoke", { "user", "name" } },
	{ FRAME_TOTP_ENABLE, 1, control_totp_enable, "totp_enable", { "user" } },
	{ FRAME_TOTP_CONFIRM, 2, control_totp_confirm, "totp_confirm", { "user", NULL } },
	{ FRAME_TOTP_CHECK, 2, control_totp_check, "totp_check", { "user", NULL } },
	{ FRAME_TOTP_RECOVERY, 1, control_totp_recovery, "totp_recovery", { "user" } },
	{ FRAME_TOTP_DISABLE, 1, control_totp_disable, "totp_disable", { "user" } },
	{ FRAME_TOTP_STATUS, 1, control_totp_status },
	{ FRAME_CLIENT_CERTIFICATE_ADD, 4, control_certificate_add, "certificate_add", { "user", "fingerprint" } },
	{ FRAME_CLIENT_CERTIFICATE_LIST, 1, control_certificate_list },
	{ FRAME_CLIENT_CERTIFICATE_REMOVE, 2, control_certificate_remove, "certificate_remove", { "user", "fingerprint" } },
	{ FRAME_HISTORY, 2, control_history },
	{ FRAME_LOCKOUT_LIST, 0, control_lockout_list },
	{ FRAME_LOCKOUT_CLEAR, 1, control_lockout_clear, "lockout_clear",
	  { "who" } },
};
/* clang-format on */

const size_t n_control_verbs = sizeof control_verbs / sizeof *control_verbs;
