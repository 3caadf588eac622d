/*
 * doctor_policies.c -- policies that do what nobody meant.
 *
 * Of an account that is shut out on purpose there is a note: it was meant
 * when it was set. A policy that can let nobody in was not.
 */
#include "cli/doctor_policies.h"

#include <stdio.h>
#include <time.h>

#include "admin/verbs.h"
#include "base/buf.h"
#include "ipc/protocol.h"

enum { NAMED = 10, EXPIRY = 64 };

struct policy_pass {
	struct report *report;
	const struct config *config;
	char now[EXPIRY]; /* as values have it */
	size_t set;
	size_t unmeant;
	size_t n_shut;
	struct buf shut; /* the first of those that are shut out */
};

/* -- what nobody meant -- */

/* Nobody's country is known: only "unknown" lets them in. */
static bool needs_countries(const struct policy_pass *p, struct slice value)
{
	return p->config->country_data[0] == '\0' &&
	       !slice_eq(value, S("any")) &&
	       slice_find(value, S("unknown")) == SLICE_NONE;
}

static bool lacks_another_way(const struct policy_pass *p, struct slice value)
{
	return slice_eq(value, S("off")) && p->config->issuers.n == 0 &&
	       p->config->client_ca[0] == '\0';
}

static const struct {
	struct slice policy;
	bool (*is_unmeant)(const struct policy_pass *, struct slice value);
	const char *why;
} rules[] = {
	{ { "countries", 9 },
	  needs_countries,
	  "nobody is let in: there is no country_data to know countries by" },
	{ { "passwords", 9 },
	  lacks_another_way,
	  "nobody is let in: without issuers and client_ca there is no other "
	  "way" },
};

static void judge(struct policy_pass *p, const char *subject,
                  struct slice policy, struct slice value)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (!slice_eq(policy, rules[i].policy) ||
		    !rules[i].is_unmeant(p, value))
			continue;
		p->unmeant++;
		report_bad(p->report, CHECK_POLICIES, subject, "%.*s=%.*s: %s",
		           (int)policy.len, policy.ptr, (int)value.len,
		           value.ptr, rules[i].why);
	}
}

/* -- what was meant once -- */

/* "2026-12-31T00:00:00Z" is in order as text, and "never" behind it. */
static bool shuts_out(const struct policy_pass *p, struct slice policy,
                      struct slice value)
{
	if (slice_eq(policy, S("suspended")))
		return !slice_eq(value, S("no"));
	if (slice_eq(policy, S("imap")))
		return slice_eq(value, S("off"));
	return slice_eq(policy, S("expires")) &&
	       slice_cmp(value, slice_cstr(p->now)) <= 0;
}

static void take_setting(void *arg, const struct slice *v, size_t n)
{
	struct policy_pass *p = arg;
	struct slice policy, value, scope;
	char subject[320];

	if (n < POLICY_COLUMNS)
		return;
	policy = v[POLICY_COLUMN_POLICY];
	value = v[POLICY_COLUMN_VALUE];
	scope = v[POLICY_COLUMN_SCOPE];
	p->set++;
	snprintf(subject, sizeof subject, "%.*s", (int)scope.len, scope.ptr);
	judge(p, subject, policy, value);
	if (shuts_out(p, policy, value) && p->n_shut++ < NAMED)
		buf_printf(&p->shut, "%s%.*s %.*s=%.*s",
		           p->shut.len != 0 ? ", " : "", (int)scope.len,
		           scope.ptr, (int)policy.len, policy.ptr,
		           (int)value.len, value.ptr);
}

static void judge_shut(struct policy_pass *p)
{
	char more[48] = "";

	if (p->n_shut > NAMED)
		snprintf(more, sizeof more, " and %zu more", p->n_shut - NAMED);
	if (p->n_shut != 0)
		report_bad(p->report, CHECK_SHUT_OUT, "policies",
		           "shut out (%zu): %.*s%s", p->n_shut,
		           (int)p->shut.len, p->shut.data, more);
	if (p->unmeant == 0)
		report_good(p->report, CHECK_POLICIES, "policies",
		            "%zu are set", p->set);
}

void doctor_policies(struct report *r, struct control *server,
                     const struct config *c)
{
	struct policy_pass p = { .report = r, .config = c };
	struct frame_out f = { 0 };
	time_t now = time(NULL);
	struct err e;
	struct tm t;

	if (gmtime_r(&now, &t) != NULL)
		strftime(p.now, sizeof p.now, "%Y-%m-%dT%H:%M:%SZ", &t);
	frame_begin(&f, FRAME_POLICY_SHOW);
	frame_slice(&f, S(""));
	frame_slice(&f, S(""));
	e = control_call(server, &f, take_setting, &p);
	if (is_ok(e))
		judge_shut(&p);
	else
		report_bad(r, CHECK_RUNNING, "auth", "%s", e.text);
	buf_free(&p.shut);
}
