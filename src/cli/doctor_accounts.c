/*
 * doctor_accounts.c -- is everything well with who gets in?
 *
 * One pass over the list of accounts, whose rows say all that is judged here;
 * a server may have very many. Those that something is wrong with are named,
 * but no more of them than anybody reads.
 */
#include "cli/doctor_accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/sign_ins.h"
#include "admin/verbs.h"
#include "base/mem.h"
#include "ipc/protocol.h"

enum { STALE_DAYS = 365, DAY = 86400, NAMED = 10, CLOCK_OFF = 300 };

static const char all[] = "all accounts";

/* -- some of many -- */

/* The first names, and how many there are. */
struct some {
	struct buf names;
	size_t n;
};

static void some_add(struct some *s, struct slice name)
{
	if (s->n++ >= NAMED)
		return;
	if (s->n != 1)
		buf_add(&s->names, S(", "));
	buf_add(&s->names, name);
}

static void some_report(struct some *s, struct report *r, enum check check,
                        const char *subject, const char *what)
{
	char more[48] = "";

	if (s->n > NAMED)
		snprintf(more, sizeof more, " and %zu more", s->n - NAMED);
	if (s->n != 0)
		report_bad(r, check, subject, "%s (%zu): %.*s%s", what, s->n,
		           (int)s->names.len, s->names.data, more);
	buf_free(&s->names);
}

/* -- the pass -- */

struct accounts {
	struct report *report;
	struct doctor_census *census;
	uint64_t now;
	uint64_t newest; /* of the times in the rows */
	size_t people;   /* enabled, and somebody logs in to them */
	size_t stale;
	struct some bad_schemes;
	struct some administrators; /* whose password alone opens mail */
	struct some single;         /* others with that */
};

static uint64_t number_of(struct slice s)
{
	uint64_t n = 0;

	return slice_number(s, &n) ? n : 0;
}

static bool is_yes(struct slice s)
{
	return slice_eq(s, S("yes"));
}

/* Accounts come by name: one domain comes again and again. */
static void take_domain(struct doctor_census *c, struct slice name)
{
	size_t at = slice_rfind_byte(name, '@');
	struct slice last;

	if (at == SLICE_NONE)
		return;
	name = slice_from(name, at + 1);
	last = slice_cstr(c->n_domains != 0 ? c->domains[c->n_domains - 1]
	                                    : "");
	if (slice_eq(last, name))
		return;
	c->domains =
		mem_resize(c->domains, c->n_domains + 1, sizeof *c->domains);
	c->domains[c->n_domains++] = mem_cstr(name);
}

static void take_times(struct accounts *a, const struct slice *v)
{
	uint64_t created = number_of(v[USER_LIST_CREATED]);
	uint64_t since = number_of(v[USER_LIST_LAST_LOGIN]);

	if (since == 0)
		since = created;
	if (since > a->newest)
		a->newest = since;
	a->stale += since + (uint64_t)STALE_DAYS * DAY < a->now;
}

/* What Argon2id is not, a stolen directory gives away sooner; but a password
 * that a source keeps isn't in it. */
static bool is_good_scheme(struct slice s)
{
	return slice_starts(s, S("ARGON2")) || slice_eq(s, S("SOURCE"));
}

static void take_person(struct accounts *a, const struct slice *v)
{
	a->people++;
	take_times(a, v);
	if (!is_good_scheme(v[USER_LIST_SCHEME]))
		some_add(&a->bad_schemes, v[USER_LIST_NAME]);
	if (!is_yes(v[USER_LIST_MAIN_PASSWORD]))
		return;
	some_add(is_yes(v[USER_LIST_ADMINISTRATOR]) ? &a->administrators
	                                            : &a->single,
	         v[USER_LIST_NAME]);
}

static void take_unfinished(struct accounts *a, const struct slice *v)
{
	char *name = mem_cstr(v[USER_LIST_NAME]);

	report_bad(a->report, CHECK_UNFINISHED, name, "it is still %.*s",
	           (int)v[USER_LIST_STATE].len, v[USER_LIST_STATE].ptr);
	free(name);
}

static void take_account(void *arg, const struct slice *v, size_t n)
{
	struct accounts *a = arg;

	if (n < USER_LIST_COLUMNS)
		return;
	take_domain(a->census, v[USER_LIST_NAME]);
	if (slice_eq(v[USER_LIST_STATE], S("adding")) ||
	    slice_eq(v[USER_LIST_STATE], S("removing"))) {
		take_unfinished(a, v);
		return;
	}
	a->census->accounts++;
	if (slice_eq(v[USER_LIST_STATE], S("enabled")) &&
	    v[USER_LIST_SCHEME].len != 0)
		take_person(a, v);
}

/* -- what it found -- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each once. */
static void settle_domains(struct doctor_census *c)
{
	size_t n = 0;

	if (c->n_domains == 0)
		return;
	qsort(c->domains, c->n_domains, sizeof *c->domains, by_name);
	for (size_t i = 0; i < c->n_domains; i++) {
		if (n != 0 && !strcmp(c->domains[n - 1], c->domains[i]))
			free(c->domains[i]);
		else
			c->domains[n++] = c->domains[i];
	}
	c->n_domains = n;
}

static void judge_second_factors(struct accounts *a)
{
	if (a->administrators.n + a->single.n == 0 && a->people != 0)
		report_good(a->report, CHECK_SECOND_FACTOR, all,
		            "a password alone opens none of them");
	some_report(&a->administrators, a->report,
	            CHECK_ADMINISTRATOR_SECOND_FACTOR, "administrators",
	            "opened by a password alone");
	some_report(&a->single, a->report, CHECK_SECOND_FACTOR, "accounts",
	            "opened by a password alone");
}

static void judge(struct accounts *a)
{
	struct report *r = a->report;

	if (a->census->accounts == 0)
		report_bad(r, CHECK_ACCOUNTS, all, "there are none");
	else
		report_good(r, CHECK_ACCOUNTS, all, "%zu", a->census->accounts);
	if (a->people != 0 && a->bad_schemes.n == 0)
		report_good(r, CHECK_SCHEMES, all, "passwords are Argon2id");
	some_report(&a->bad_schemes, r, CHECK_SCHEMES, "accounts",
	            "the password is of a weaker scheme");
	judge_second_factors(a);
	if (a->stale != 0)
		report_bad(r, CHECK_STALE, all,
		           "%zu enabled ones have not been used for a year",
		           a->stale);
	if (a->newest > a->now + CLOCK_OFF)
		report_bad(r, CHECK_CLOCK, "this machine",
		           "it was %llu seconds later when an account was last "
		           "used: the clock has been set back",
		           (unsigned long long)(a->newest - a->now));
}

/* -- who is locked out -- */

struct lockouts {
	struct report *report;
	size_t n;
	size_t n_kind;
	char kind[16]; /* of the last row; they come by kind */
};

static void put_time(uint64_t s, char out[static 32])
{
	struct tm t;

	snprintf(out, 32, "?");
	if (s != 0 && gmtime_r(&(time_t){ (time_t)s }, &t) != NULL)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &t);
}

static void more_of_kind(struct lockouts *l)
{
	if (l->n_kind > NAMED)
		report_bad(l->report, CHECK_LOCKED_OUT, l->kind,
		           "%zu more: roost lockout list", l->n_kind - NAMED);
	l->n_kind = 0;
}

static void take_lockout(void *arg, const struct slice *v, size_t n)
{
	struct lockouts *l = arg;
	char since[32];
	char until[32];
	char *who;

	if (n < LOCKOUT_COLUMNS)
		return;
	if (!slice_eq(slice_cstr(l->kind), v[LOCKOUT_KIND]))
		more_of_kind(l);
	snprintf(l->kind, sizeof l->kind, "%.*s", (int)v[LOCKOUT_KIND].len,
	         v[LOCKOUT_KIND].ptr);
	l->n++;
	if (++l->n_kind > NAMED)
		return;
	put_time(number_of(v[LOCKOUT_SINCE]), since);
	put_time(number_of(v[LOCKOUT_UNTIL]), until);
	who = mem_cstr(v[LOCKOUT_WHO]);
	report_bad(l->report, CHECK_LOCKED_OUT, who,
	           "this %s has to wait since %s, now until %s, after %.*s "
	           "failures",
	           l->kind, since, until, (int)v[LOCKOUT_FAILURES].len,
	           v[LOCKOUT_FAILURES].ptr);
	free(who);
}

static void judge_lockouts(struct report *r, struct control *server)
{
	struct lockouts l = { .report = r };
	struct frame_out f = { 0 };
	struct err e;

	frame_begin(&f, FRAME_LOCKOUT_LIST);
	e = control_call(server, &f, take_lockout, &l);
	more_of_kind(&l);
	if (!is_ok(e))
		report_bad(r, CHECK_RUNNING, "auth", "%s", e.text);
	else if (l.n == 0)
		report_good(r, CHECK_LOCKED_OUT, "everybody",
		            "nobody is locked out");
}

/* -- both -- */

bool doctor_accounts(struct report *r, struct control *server,
                     struct doctor_census *out)
{
	struct accounts a = { .report = r,
		              .census = out,
		              .now = (uint64_t)time(NULL) };
	struct frame_out f = { 0 };
	struct err e;

	*out = (struct doctor_census){ 0 };
	frame_begin(&f, FRAME_USER_LIST);
	frame_slice(&f, S(""));
	e = control_call(server, &f, take_account, &a);
	if (!is_ok(e)) {
		report_bad(r, CHECK_RUNNING, "auth", "%s", e.text);
		return false;
	}
	settle_domains(out);
	judge(&a);
	judge_lockouts(r, server);
	return true;
}

void doctor_census_free(struct doctor_census *c)
{
	for (size_t i = 0; i < c->n_domains; i++)
		free(c->domains[i]);
	free(c->domains);
}
