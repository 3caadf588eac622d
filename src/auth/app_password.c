/* app_password.c -- see app_password.h. */
#include "auth/app_password.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/unicode.h"

static const char purpose[] = "app password";

/* -- what limits one -- */

/* False at the end. */
static bool next_part(struct slice *list, struct slice *out)
{
	struct slice rest;

	if (list->len == 0)
		return false;
	*list = slice_cut(*list, ',', out, &rest) ? rest : S("");
	return true;
}

static const struct slice services[SERVICES] = {
	[SERVICE_IMAP] = N("imap"),
	[SERVICE_SMTP] = N("smtp"),
};

static bool are_services(struct slice list)
{
	struct slice part;

	while (next_part(&list, &part))
		if (!slice_eq(part, services[SERVICE_IMAP]) &&
		    !slice_eq(part, services[SERVICE_SMTP]))
			return false;
	return true;
}

static bool has_service(struct slice list, enum service service)
{
	struct slice part;

	while (next_part(&list, &part))
		if (slice_eq(part, services[service]))
			return true;
	return false;
}

/* An address that is none, of a Unix socket, is in no network. */
static bool is_within(struct slice networks, struct slice address)
{
	struct network from;

	return network_parse(address, &from) &&
	       policy_has_network(networks, &from.base);
}

/* -- log-in -- */

/* Its secret was right: why it does not do all the same. */
static struct err check_use(const struct app_password *p,
                            const struct attempt *t)
{
	if (p->expires_s != 0 && p->expires_s <= clock_now_s())
		return err(ERR_EXPIRED, "this app password has expired");
	if (p->services.len != 0 && !has_service(p->services, t->service))
		return err(ERR_AUTHORIZATIONFAILED,
		           "this app password is for another service");
	if (p->networks.len != 0 &&
	    !is_within(p->networks, buf_slice(&t->address)))
		return err(ERR_AUTHORIZATIONFAILED,
		           "this app password is for other networks");
	return OK;
}

static void answer(struct attempt *t, const struct app_password *p)
{
	struct err e = check_use(p, t);

	t->credential = p->credential;
	attempt_keep(&t->app_password, p->name);
	if (is_ok(e))
		attempt_grant(t);
	else
		attempt_deny(t, e.text, e);
}

struct err app_password_find(struct auth *a, uint64_t account,
                             struct slice secret, struct arena *arena,
                             struct app_password *out)
{
	struct directory *d = a->directory;
	char stored[CODE_STORED];

	if (!code_keep(directory_secret(d), purpose, account, secret,
	               CODE_APP_PASSWORD, stored))
		return err(ERR_ABSENT, "it has not the form of one");
	return directory_app_password(
		d, account, slice_of(stored, sizeof stored), arena, out);
}

bool app_password_verify(struct attempt *t)
{
	struct app_password p;
	struct arena *a;
	struct err e;

	if (t->row.state != ACCOUNT_ENABLED)
		return false;
	a = arena_new(4096);
	e = app_password_find(t->auth, t->row.id, buf_slice(&t->secret), a, &p);
	if (is_ok(e))
		answer(t, &p);
	else if (e.code != ERR_ABSENT)
		attempt_refuse_for_now(t, e.text);
	arena_free(a);
	return e.code != ERR_ABSENT;
}

size_t app_password_count(struct auth *a, uint64_t account)
{
	struct app_password all[LIMIT_APP_PASSWORDS];
	struct arena *arena = arena_new(1 << 16);
	size_t n = 0;

	(void)directory_app_passwords(a->directory, account, arena, all, &n);
	arena_free(arena);
	return n;
}

/* -- changes -- */

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (ascii_is_ctl(name.ptr[i]))
			return false;
	return name.len != 0 && name.len <= LIMIT_APP_PASSWORD_NAME &&
	       utf8_is_valid(name);
}

static struct err check_new(const struct app_password *p)
{
	if (!is_name(p->name))
		return err(ERR_SYNTAX, "NAME: 1 to 64 octets, no control "
		                       "characters among them");
	if (!are_services(p->services))
		return err(ERR_SYNTAX, "--protocol: imap, smtp, or both with a "
		                       "comma between them");
	if (p->expires_s != 0 && p->expires_s <= clock_now_s())
		return err(ERR_SYNTAX, "--expires: it would have expired by "
		                       "now");
	return OK;
}

static void log_change(const char *event, const struct account_row *row,
                       struct slice name)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_text(&l, "user", account_row_name(row));
	log_text(&l, "app_password", name);
	log_close(&l);
}

/* The caller holds `changing`. */
static struct err add(struct auth *a, const struct account_row *row,
                      const struct app_password *p, struct slice secret)
{
	char stored[CODE_STORED];

	if (row->shared || row->state == ACCOUNT_REMOVING)
		return err(ERR_NOTNOW, "nobody logs in to it");
	code_keep(directory_secret(a->directory), purpose, row->id, secret,
	          CODE_APP_PASSWORD, stored);
	return directory_add_app_password(a->directory, row->id, p,
	                                  slice_of(stored, sizeof stored));
}

static struct err add_checked(struct auth *a, struct slice account,
                              const struct app_password *p, struct buf *secret)
{
	struct account_row row;
	struct err e;

	code_make(CODE_APP_PASSWORD, secret);
	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = add(a, &row, p, buf_slice(secret));
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("app_password_added", &row, p->name);
	return e;
}

static struct err take_networks(struct slice list, struct buf *out)
{
	struct err e = policy_normal(POLICY_NETWORKS, list, out);

	if (e.code == ERR_SYNTAX)
		return err(ERR_SYNTAX, "--network: addresses or networks, as "
		                       "192.0.2.0/24,2001:db8::/32");
	return e;
}

struct err app_password_add(struct auth *a, struct slice account,
                            const struct app_password *wanted,
                            struct buf *secret)
{
	struct app_password p = *wanted;
	struct buf networks = { 0 };
	struct err e = check_new(&p);

	if (is_ok(e) && p.networks.len != 0)
		e = take_networks(p.networks, &networks);
	p.networks = buf_slice(&networks);
	if (is_ok(e))
		e = add_checked(a, account, &p, secret);
	buf_free(&networks);
	return e;
}

struct err app_password_revoke(struct auth *a, struct slice account,
                               struct slice name)
{
	struct account_row row;
	uint64_t credential;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = directory_revoke_app_password(a->directory, row.id, name,
		                                  &credential);
	if (is_ok(e))
		e = account_kick(a, row.id, credential);
	task_unlock(&a->changing);
	if (!is_ok(e))
		return e;
	log_change("app_password_revoked", &row, name);
	return account_settle(a, row.id);
}

/* -- those that run out -- */

enum { EXPIRED_PAGE = 256, EXPIRED_LOOK_BACK_S = 24 * 3600 };

/* Sessions outlive auth: at first it looks back further. Ending those of one
 * twice does no harm. */
void app_passwords_expire(struct auth *a)
{
	struct expired_row rows[EXPIRED_PAGE];
	int64_t now = clock_now_s();
	int64_t from = a->app_passwords_ended_s;
	size_t n;

	if (from == 0)
		from = now - EXPIRED_LOOK_BACK_S;
	if (!is_ok(directory_expired(a->directory, from, now, rows,
	                             EXPIRED_PAGE, &n)))
		return;
	for (size_t i = 0; i < n; i++)
		(void)account_kick(a, rows[i].account, rows[i].credential);
	a->app_passwords_ended_s =
		n == EXPIRED_PAGE ? rows[n - 1].expires_s - 1 : now;
}
