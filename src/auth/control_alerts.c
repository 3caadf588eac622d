/* control_alerts.c -- alerts, at a command's request. */
#include <inttypes.h>
#include <stdlib.h>

#include "admin/alert_verbs.h"
#include "auth/alerts_internal.h"
#include "auth/control_internal.h"
#include "base/clock.h"
#include "base/issuer.h"
#include "base/mem.h"

/* -- list -- */

static void list_row(struct control *c, struct arena *a,
                     const struct alert_row *r)
{
	struct slice field[ALERT_LIST_COLUMNS] = {
		[ALERT_LIST_KIND] = r->kind,
		[ALERT_LIST_USER] = r->user,
		[ALERT_LIST_SUBJECT] = r->subject,
		[ALERT_LIST_FIRST] = control_time(a, r->first_s),
		[ALERT_LIST_LAST] = control_time(a, r->last_s),
		[ALERT_LIST_COUNT] = arena_printf(a, "%" PRIu64, r->count),
	};

	control_answer(c, field, ALERT_LIST_COLUMNS);
}

static struct err list_pages(struct control *c, const struct alert_wanted *w)
{
	struct alert_row *rows = mem_new(ALERT_PAGE, sizeof *rows);
	struct arena *a = arena_new(1 << 20);
	uint64_t before = 0;
	struct err e = OK;
	size_t n = ALERT_PAGE;

	while (is_ok(e) && is_ok(c->e) && n == ALERT_PAGE) {
		e = alert_file_page(c->auth->alerts->file, w, before, a, rows,
		                    &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			list_row(c, a, &rows[i]);
		if (n != 0)
			before = rows[n - 1].id;
		arena_reset(a);
	}
	arena_free(a);
	free(rows);
	return e;
}

struct err control_alert_list(struct control *c, struct slice name,
                              struct slice nothing)
{
	struct alert_wanted w = { 0 };
	struct account_row r;
	struct err e = OK;

	(void)nothing;
	if (name.len != 0) {
		e = control_find(c, name, &r);
		w.account = r.id;
	}
	return is_ok(e) ? list_pages(c, &w) : e;
}

/* -- silence, and no longer -- */

/* What is said of that scope itself; in the arena. */
static struct err find_setting(struct auth *a, struct slice scope,
                               struct arena *arena, struct slice *out)
{
	struct policy_setting page[POLICIES];
	const struct policy_setting from = { scope, S(""), S("") };
	size_t n;
	struct err e = directory_policy_page(a->directory, &from, arena, page,
	                                     POLICIES, &n);

	*out = S("");
	for (size_t i = 0; is_ok(e) && i < n; i++)
		if (slice_eq(page[i].scope, scope) &&
		    slice_eq(page[i].name, policy_name(POLICY_SILENT_ALERTS)))
			*out = page[i].value;
	return e;
}

static void add_kind(struct buf *out, struct slice kind, struct slice until)
{
	if (out->len != 0)
		buf_add(out, S(", "));
	buf_add(out, kind);
	if (until.len != 0)
		buf_byte(out, '/');
	buf_add(out, until);
}

/* The list without that kind. */
static void copy_others(struct slice list, struct slice kind, struct buf *out)
{
	struct slice this, until;

	while (policy_next_silent(&list, &this, &until))
		if (!slice_eq(this, S("none")) && !slice_ieq(this, kind))
			add_kind(out, this, until);
}

static struct err set_list(struct auth *a, struct slice scope,
                           struct slice list)
{
	struct slice name = policy_name(POLICY_SILENT_ALERTS);

	return list.len != 0 ? policy_set(a, scope, name, list)
	                     : policy_unset(a, scope, name);
}

/* on: KIND is silent from now on, until then ("": for good). */
static struct err change(struct control *c, struct slice scope,
                         struct slice kind, bool on, struct slice until)
{
	struct arena *arena = arena_new(1 << 16);
	struct buf normal = { 0 }, list = { 0 };
	struct slice before = S("");
	struct err e;

	if (slice_eq(scope, S("server")))
		scope = S("");
	e = scope_normal(c->auth, scope, &normal);
	if (is_ok(e))
		e = find_setting(c->auth, buf_slice(&normal), arena, &before);
	if (is_ok(e)) {
		copy_others(before, kind, &list);
		if (on)
			add_kind(&list, kind, until);
		e = set_list(c->auth, scope, buf_slice(&list));
	}
	buf_free(&normal);
	buf_free(&list);
	arena_free(arena);
	return e;
}

static bool is_to_come(struct slice until)
{
	struct buf normal = { 0 };
	bool is_time = is_ok(policy_normal(POLICY_EXPIRES, until, &normal)) &&
	               !slice_eq(buf_slice(&normal), S("never"));

	buf_free(&normal);
	return is_time && policy_time(until) > clock_now_s();
}

struct err control_alert_silence(struct control *c, struct slice scope,
                                 struct slice kind)
{
	if (kind.len == 0 || slice_find_byte(kind, ',') != SLICE_NONE)
		return err(ERR_SYNTAX, "one kind of alert is needed");
	if (c->field[2].len != 0 && !is_to_come(c->field[2]))
		return err(ERR_SYNTAX, "--until: a time to come, as 2026-12-31 "
		                       "or 2026-12-31T18:00Z (UTC)");
	return change(c, scope, kind, true, c->field[2]);
}

struct err control_alert_resume(struct control *c, struct slice scope,
                                struct slice kind)
{
	return change(c, scope, kind, false, S(""));
}

/* -- test -- */

static struct err try_place(struct control *c, struct slice place,
                            struct slice user)
{
	struct alert alert = { .kind = ALERT_TEST };
	struct err e;

	alert.at_s = clock_now_s();
	if (slice_eq(place, S("owner")) && user.len == 0)
		e = err(ERR_ABSENT, "not tried: no account was named");
	else if (slice_eq(place, S("owner")))
		e = alert_post_try(c->auth, &alert, user);
	else
		e = alert_post_try(c->auth, &alert, place);
	control_answer(c,
	               (struct slice[ALERT_TEST_COLUMNS]){
			       [ALERT_TEST_PLACE] = issuer_site(place),
			       [ALERT_TEST_OUTCOME] =
				       is_ok(e) ? S("ok") : slice_cstr(e.text),
		       },
	               ALERT_TEST_COLUMNS);
	return user.len == 0 && slice_eq(place, S("owner")) ? OK : e;
}

/* The options may change while it waits. */
struct err control_alert_test(struct control *c, struct slice user,
                              struct slice nothing)
{
	struct arena *a = arena_new(1 << 16);
	size_t n = c->auth->options->alerts_count;
	struct slice *places = arena_array(a, n + 1, sizeof *places);
	bool all_good = true;

	(void)nothing;
	for (size_t i = 0; i < n; i++)
		places[i] =
			arena_copy(a, slice_cstr(c->auth->options->alerts[i]));
	for (size_t i = 0; i < n; i++)
		all_good &= is_ok(try_place(c, places[i], user));
	arena_free(a);
	return all_good ? OK : err(ERR_NO, "not all have taken it");
}
