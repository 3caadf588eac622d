/* policies.c -- what is said of whom, and what counts. */
#include "directory/internal.h"

#include <time.h>

#include "directory/name.h"

static struct slice text_of(struct sql *sql, int column, struct arena *a)
{
	return arena_copy(a, sql_column_text(sql, column));
}

static struct policy_setting take_setting(struct sql *sql, struct arena *a)
{
	return (struct policy_setting){
		text_of(sql, 0, a),
		text_of(sql, 1, a),
		text_of(sql, 2, a),
	};
}

struct err directory_policies_for(struct directory *d, struct slice name,
                                  struct arena *a, struct policies *out)
{
	struct slice domain = user_name_domain(name);
	struct err e;
	bool there;

	policies_init(out);
	sql_use(d->reader, POLICIES_FOR);
	sql_text(d->reader, 1, slice_of(domain.ptr - 1, domain.len + 1));
	sql_text(d->reader, 2, name);
	while (is_ok(e = sql_step(d->reader, &there)) && there) {
		struct policy_setting s = take_setting(d->reader, a);

		policies_add(out, s.scope, s.name, s.value);
	}
	sql_done(d->reader);
	return e;
}

struct err directory_policy_page(struct directory *d,
                                 const struct policy_setting *after,
                                 struct arena *a, struct policy_setting *out,
                                 size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, POLICY_PAGE);
	sql_text(d->reader, 1, after->scope);
	sql_text(d->reader, 2, after->name);
	sql_u64(d->reader, 3, most);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		out[(*n)++] = take_setting(d->reader, a);
	sql_done(d->reader);
	return e;
}

struct err directory_next_expiry(struct directory *d, int64_t after_s,
                                 int64_t *out)
{
	char text[32] = "";
	struct tm t;
	struct err e;
	bool there;

	/* times in normal form are in order */
	if (gmtime_r(&(time_t){ after_s }, &t) != NULL)
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t);
	sql_use(d->reader, NEXT_EXPIRY);
	sql_text(d->reader, 1, slice_cstr(text));
	e = sql_step(d->reader, &there);
	*out = INT64_MAX;
	if (is_ok(e) && there)
		*out = policy_time(sql_column_text(d->reader, 0));
	sql_done(d->reader);
	return e;
}

/* -- writing -- */

static struct err run_set(struct write *w)
{
	sql_use(w->sql, SET_POLICY);
	sql_text(w->sql, 1, w->scope);
	sql_text(w->sql, 2, w->name);
	sql_text(w->sql, 3, w->value);
	return sql_finish(w->sql);
}

static struct err run_unset(struct write *w)
{
	struct err e;

	sql_use(w->sql, UNSET_POLICY);
	sql_text(w->sql, 1, w->scope);
	sql_text(w->sql, 2, w->name);
	e = sql_finish(w->sql);
	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ABSENT, "it isn't set there");
	return e;
}

static struct err change(struct directory *d, const struct policy_setting *s,
                         struct err (*run)(struct write *))
{
	struct write w = { .run = run,
		           .scope = s->scope,
		           .name = s->name,
		           .value = s->value };

	return directory_write(d, &w);
}

struct err directory_set_policy(struct directory *d,
                                const struct policy_setting *s)
{
	return change(d, s, run_set);
}

struct err directory_unset_policy(struct directory *d,
                                  const struct policy_setting *s)
{
	return change(d, s, run_unset);
}
