/* policies.c -- a policy is set, or no longer. */
#include "auth/internal.h"
#include "base/log.h"
#include "guard/alert.h"

static void log_change(const struct policy_setting *s)
{
	struct log_line l =
		log_open(LOG_LEVEL_INFO,
	                 s->value.len != 0 ? "policy_set" : "policy_unset");

	log_text(&l, "scope", s->scope);
	log_text(&l, "policy", s->name);
	if (s->value.len != 0)
		log_text(&l, "value", s->value);
	log_close(&l);
}

/* A value of "" takes it back. */
static struct err change(struct auth *a, struct slice scope,
                         struct policy_setting s)
{
	struct buf normal = { 0 };
	struct err e;

	task_lock(&a->changing);
	e = scope_normal(a, scope, &normal);
	s.scope = buf_slice(&normal);
	if (is_ok(e))
		e = s.value.len != 0 ? directory_set_policy(a->directory, &s)
		                     : directory_unset_policy(a->directory, &s);
	if (is_ok(e)) {
		roll_call(a, s.scope);
		roll_call_watch_expiry(a);
	}
	task_unlock(&a->changing);
	if (is_ok(e)) {
		log_change(&s);
		e = roll_call_settle(a, s.scope);
	}
	buf_free(&normal);
	return e;
}

const char policy_unknown[] =
	"there is no such policy: audit, countries, expires, imap, "
	"main-password, networks, passwords, read-only, silent-alerts, suspended";

static const char no_such_kind[] =
	"the kinds of alerts are certificate, disk, download, intrusion, "
	"lockout, new-country, quota, spraying, travel, and all";

/* The directory doesn't know which kinds there are. */
static struct err check_silent(struct slice list)
{
	struct slice kind, until;
	enum alert_kind k;

	while (policy_next_silent(&list, &kind, &until))
		if (!slice_eq(kind, S("none")) && !slice_eq(kind, S("all")) &&
		    !alert_kind_find(kind, &k))
			return err(ERR_SYNTAX, no_such_kind);
	return OK;
}

struct err policy_set(struct auth *a, struct slice scope, struct slice name,
                      struct slice value)
{
	struct buf normal = { 0 };
	enum policy p;
	struct err e;

	if (!policy_find(name, &p))
		return err(ERR_SYNTAX, policy_unknown);
	e = policy_normal(p, value, &normal);
	/* a list that nobody is in */
	if (is_ok(e) && p == POLICY_COUNTRIES && a->countries == NULL &&
	    !slice_eq(buf_slice(&normal), S("any")))
		e = err(ERR_NOTNOW, "without country_data in roost.conf no "
		                    "address has a country");
	if (is_ok(e) && p == POLICY_SILENT_ALERTS)
		e = check_silent(buf_slice(&normal));
	if (is_ok(e))
		e = change(
			a, scope,
			(struct policy_setting){ .name = policy_name(p),
		                                 .value = buf_slice(&normal) });
	buf_free(&normal);
	return e;
}

struct err policy_unset(struct auth *a, struct slice scope, struct slice name)
{
	enum policy p;

	if (!policy_find(name, &p))
		return err(ERR_SYNTAX, policy_unknown);
	return change(a, scope,
	              (struct policy_setting){ .name = policy_name(p) });
}
