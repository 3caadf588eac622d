/*
 * alert_sign_in.c -- what a log-in may be a reason to tell of.
 *
 * One from a network where the account is known is none, so that most are
 * looked at no further. The others are compared with all that the account's
 * history has, behind the log-in's verdict.
 */
#include <inttypes.h>
#include <stdio.h>

#include "auth/alerts_internal.h"
#include "auth/attempt.h"
#include "base/clock.h"
#include "guard/country.h"

/* -- a sign-in in words -- */

struct words {
	char network[ADDRESS_TEXT + 4];
	char country[2];
	struct address from;
};

static void describe(const struct attempt *t, struct words *w, struct alert *a)
{
	struct network n = { 0 };

	if (!network_parse(buf_slice(&t->address), &n))
		n = (struct network){ 0 };
	w->from = n.base;
	n = limit_place(&w->from);
	limit_network_text(&n, w->network);
	a->at_s = clock_now_s();
	a->account = t->row.id;
	a->user = buf_slice(t->name.len != 0 ? &t->name : &t->user);
	alert_add(a, "rip", buf_slice(&t->address));
	alert_add(a, "network", slice_cstr(w->network));
	alert_add(a, "country",
	          country_of(t->auth->countries, &w->from, w->country));
	alert_add(a, "service", service_name(t->service));
	alert_add(a, "method", sasl_mechanisms[t->mechanism].name);
	alert_add(a, "app_password", buf_slice(&t->app_password));
	alert_add(a, "client", buf_slice(&t->client_id));
	alert_add(a, "tls", buf_slice(&t->tls_text));
	alert_add(a, "session", slice_of(t->session, SESSION_ID_SIZE));
}

static struct slice field_of(const struct alert *a, const char *name)
{
	for (size_t i = 0; i < a->n_fields; i++)
		if (strcmp(a->field[i].name, name) == 0)
			return a->field[i].value;
	return S("");
}

/* -- compared with those before -- */

struct look {
	const struct countries *countries;
	const struct alert_job *job;
	struct slice country;
	bool any_country;
	bool same_country;
	bool is_placed; /* we know where it came from */
	struct place here;
	bool is_near; /* to where it has been before */
	int64_t last_s;
	struct place last;
	char last_from[ADDRESS_TEXT];
};

static bool place_of_text(const struct countries *c, struct slice address,
                          struct place *out)
{
	struct network n;

	return network_parse(address, &n) && country_place(c, &n.base, out);
}

static void look_at_place(struct look *l, const struct sign_in *s)
{
	struct place there;

	if (!place_of_text(l->countries, s->address, &there))
		return;
	if (place_km(&there, &l->here) < TRAVEL_NEAR_KM)
		l->is_near = true;
	if (s->last_s <= l->last_s)
		return;
	l->last_s = s->last_s;
	l->last = there;
	snprintf(l->last_from, sizeof l->last_from, "%.*s", (int)s->address.len,
	         s->address.ptr);
}

/* The row of this sign-in itself is among them. */
static bool look_at(void *arg, const struct sign_in *s)
{
	struct look *l = arg;

	if (s->first_s >= l->job->alert.at_s &&
	    slice_eq(s->network, l->job->network))
		return true;
	if (s->country.len != 0) {
		l->any_country = true;
		l->same_country |= slice_eq(s->country, l->country);
	}
	if (l->is_placed)
		look_at_place(l, s);
	return l->is_placed || !l->same_country;
}

static bool has_travelled(const struct look *l, const struct alert *a,
                          double *km)
{
	if (!l->is_placed || l->is_near || l->last_s == 0)
		return false;
	*km = place_km(&l->last, &l->here);
	return !travel_is_possible(*km, a->at_s - l->last_s);
}

static void tell_travel(struct auth *a, struct alert_job *j,
                        const struct look *l, double km)
{
	int64_t seconds = j->alert.at_s - l->last_s;

	j->alert.kind = ALERT_TRAVEL;
	j->alert.subject = arena_printf(j->arena, "%.0f,%.0f", l->here.latitude,
	                                l->here.longitude);
	alert_add(&j->alert, "before", slice_cstr(l->last_from));
	alert_add(&j->alert, "km", arena_printf(j->arena, "%.0f", km));
	alert_add(&j->alert, "minutes",
	          arena_printf(j->arena, "%" PRId64,
	                       seconds > 0 ? seconds / 60 : 0));
	alerts_tell(a, &j->alert);
}

static void sign_in_job(struct auth *a, struct alert_job *j)
{
	struct look l = {
		.countries = a->countries,
		.job = j,
		.country = field_of(&j->alert, "country"),
	};
	double km;

	l.is_placed = country_place(a->countries, &j->from, &l.here);
	if (!is_ok(history_each(a->history, j->alert.account, look_at, &l)))
		return;
	if (has_travelled(&l, &j->alert, &km)) {
		tell_travel(a, j, &l, km);
		return;
	}
	if (l.country.len == 0 || !l.any_country || l.same_country)
		return;
	j->alert.kind = ALERT_NEW_COUNTRY;
	j->alert.subject = l.country;
	alerts_tell(a, &j->alert);
}

void alerts_sign_in(struct attempt *t)
{
	struct auth *a = t->auth;
	struct alert alert = { 0 };
	struct alert_job *j;
	struct words w;

	if (a->countries == NULL || t->row.id == 0)
		return;
	describe(t, &w, &alert);
	j = alerts_queue(a, &alert, sign_in_job);
	if (j == NULL)
		return;
	j->from = w.from;
	j->network = arena_copy(j->arena, slice_cstr(w.network));
}

/* -- failures -- */

enum { ATTACK_PAUSE_S = 60 }; /* between two looks at one attack */

/* The server's: of a whole attack one, whatever it consists of. */
static void raise_attack(struct attempt *t, enum alert_kind kind,
                         const char *what)
{
	struct alerts *all = t->auth->alerts;
	struct alert alert = { .kind = kind };
	struct words w;

	if (all->attack_s[kind] != 0 &&
	    clock_now_s() - all->attack_s[kind] < ATTACK_PAUSE_S)
		return;
	describe(t, &w, &alert);
	all->attack_s[kind] = alert.at_s;
	alert_add(&alert, "what", slice_cstr(what));
	alert_add(&alert, "name", alert.user);
	alert.account = 0;
	alert.user = alert.subject = S("");
	alerts_raise(t->auth, &alert);
}

/* The account's, where it signs in. */
static void raise_here(struct attempt *t, enum alert_kind kind)
{
	struct alert alert = { .kind = kind };
	struct words w;

	describe(t, &w, &alert);
	alert.subject = slice_cstr(w.network);
	alerts_raise(t->auth, &alert);
}

static bool has(unsigned set, enum limit_kind kind)
{
	return (set & 1U << kind) != 0;
}

/* Of one who was let in before anybody knew. */
static void raise_let_in(struct auth *a, struct slice name)
{
	struct alert alert = { .kind = ALERT_INTRUSION, .at_s = clock_now_s() };
	struct account_row row;

	if (!is_ok(directory_find(a->directory, name, &row)))
		return;
	alert.account = row.id;
	alert.user = account_row_name(&row);
	alert_add(&alert, "what", S("its password is tried on many accounts"));
	alerts_raise(a, &alert);
}

void alerts_news(struct attempt *t, struct limit_news news)
{
	if (news.let_in.len != 0)
		raise_let_in(t->auth, news.let_in);
	if (has(news.locked, LIMIT_KIND_PLACE))
		raise_here(t, ALERT_LOCKOUT);
	if (has(news.locked, LIMIT_KIND_ACCOUNT))
		raise_attack(t, ALERT_LOCKOUT, "an account, to strangers");
	else if (has(news.locked, LIMIT_KIND_NETWORK))
		raise_attack(t, ALERT_LOCKOUT, "a network");
	else if (has(news.locked, LIMIT_KIND_ADDRESS))
		raise_attack(t, ALERT_LOCKOUT, "an address");
	if (has(news.sprayed, LIMIT_KIND_SECRET))
		raise_attack(t, ALERT_SPRAYING,
		             "one password, on many accounts");
	else if (news.sprayed != 0)
		raise_attack(t, ALERT_SPRAYING,
		             "many accounts, from one place");
}

void alerts_intrusion(struct attempt *t)
{
	raise_here(t, ALERT_INTRUSION);
}
