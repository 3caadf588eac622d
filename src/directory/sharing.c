/* sharing.c -- who has let whom in, and who is in which group. */
#include "directory/internal.h"

#include "base/limits.h"

struct err directory_find_id(struct directory *d, uint64_t id,
                             struct account_row *out)
{
	sql_use(d->reader, FIND_ID);
	sql_u64(d->reader, 1, id);
	return directory_one_row(d->reader, out);
}

struct err directory_granted(struct directory *d, uint64_t owner,
                             const struct account_row *who)
{
	bool there;
	struct err e;

	sql_use(d->reader, GRANTED);
	sql_u64(d->reader, 1, owner);
	sql_u64(d->reader, 2, who->id);
	sql_text(d->reader, 3, account_row_name(who));
	e = sql_step(d->reader, &there);
	sql_done(d->reader);
	if (is_ok(e) && !there)
		return err(ERR_ABSENT, "there is no grant");
	return e;
}

/* Names, the one column of the statement in use. */
static struct err take_names(struct sql *sql, struct arena *a,
                             struct slice *out, size_t most, size_t *n)
{
	struct err e;
	bool there;

	*n = 0;
	while (is_ok(e = sql_step(sql, &there)) && there && *n < most)
		out[(*n)++] = arena_copy(a, sql_column_text(sql, 0));
	sql_done(sql);
	return e;
}

struct err directory_owners(struct directory *d, const struct account_row *who,
                            bool shared, struct slice after, struct arena *a,
                            struct slice *out, size_t most, size_t *n)
{
	sql_use(d->reader, OWNERS);
	sql_u64(d->reader, 1, shared);
	sql_u64(d->reader, 2, who->id);
	sql_text(d->reader, 3, account_row_name(who));
	sql_text(d->reader, 4, after);
	sql_u64(d->reader, 5, most);
	return take_names(d->reader, a, out, most, n);
}

struct err directory_groups(struct directory *d, uint64_t account,
                            struct arena *a, struct slice *out, size_t *n)
{
	sql_use(d->reader, GROUPS_OF);
	sql_u64(d->reader, 1, account);
	return take_names(d->reader, a, out, LIMIT_GROUPS, n);
}

struct err directory_members(struct directory *d,
                             const struct member_row *after, struct arena *a,
                             struct member_row *out, size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, GROUP_PAGE);
	sql_text(d->reader, 1, after->group);
	sql_text(d->reader, 2, after->account);
	sql_u64(d->reader, 3, most);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		out[(*n)++] = (struct member_row){
			arena_copy(a, sql_column_text(d->reader, 0)),
			arena_copy(a, sql_column_text(d->reader, 1)),
		};
	sql_done(d->reader);
	return e;
}

/* -- writing -- */

static struct err run_statement(struct write *w, int statement)
{
	sql_use(w->sql, statement);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->name);
	return sql_finish(w->sql);
}

static struct err run_grant(struct write *w)
{
	struct err e = run_statement(w, ADD_GRANT);

	w->changed = is_ok(e) && sql_changes(w->sql) != 0;
	return e;
}

struct err directory_grant(struct directory *d, uint64_t owner,
                           struct slice identifier, bool *is_new)
{
	struct write w = { .run = run_grant, .id = owner, .name = identifier };
	struct err e = directory_write(d, &w);

	*is_new = is_ok(e) && w.changed;
	return e;
}

static struct err run_join(struct write *w)
{
	struct err e = run_statement(w, JOIN);
	bool there;

	sql_use(w->sql, IN_TOO_MANY);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, LIMIT_GROUPS);
	if (is_ok(e))
		e = sql_step(w->sql, &there);
	sql_done(w->sql);
	if (is_ok(e) && there)
		return err(ERR_LIMIT, "it is in too many groups");
	return e;
}

struct err directory_join(struct directory *d, uint64_t account,
                          struct slice group)
{
	struct write w = { .run = run_join, .id = account, .name = group };

	return directory_write(d, &w);
}

static struct err run_leave(struct write *w)
{
	struct err e = run_statement(w, LEAVE);

	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ABSENT, "it is not in that group");
	return e;
}

struct err directory_leave(struct directory *d, uint64_t account,
                           struct slice group)
{
	struct write w = { .run = run_leave, .id = account, .name = group };

	return directory_write(d, &w);
}
