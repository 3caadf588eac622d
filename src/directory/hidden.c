/* hidden.c -- capabilities that are hidden, and from whom. */
#include "directory/internal.h"

#include "base/limits.h"
#include "directory/name.h"

struct err directory_hidden_for(struct directory *d, struct slice name,
                                struct buf *out)
{
	struct slice domain = user_name_domain(name);
	struct err e;
	bool there;

	sql_use(d->reader, HIDDEN_FOR);
	sql_text(d->reader, 1,
	         name.len == 0 ? name
	                       : slice_of(domain.ptr - 1, domain.len + 1));
	sql_text(d->reader, 2, name);
	while (is_ok(e = sql_step(d->reader, &there)) && there) {
		if (out->len != 0)
			buf_byte(out, ' ');
		buf_add(out, sql_column_text(d->reader, 0));
	}
	sql_done(d->reader);
	if (is_ok(e) && out->len > LIMIT_HIDDEN)
		return err(ERR_CORRUPT, "too many capabilities are hidden");
	return e;
}

struct err directory_hidden_page(struct directory *d,
                                 const struct hidden_row *after,
                                 struct arena *a, struct hidden_row *out,
                                 size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, HIDDEN_PAGE);
	sql_text(d->reader, 1, after->scope);
	sql_text(d->reader, 2, after->capability);
	sql_u64(d->reader, 3, most);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		out[(*n)++] = (struct hidden_row){
			arena_copy(a, sql_column_text(d->reader, 0)),
			arena_copy(a, sql_column_text(d->reader, 1)),
		};
	sql_done(d->reader);
	return e;
}

static struct err run_statement(struct write *w, int statement)
{
	sql_use(w->sql, statement);
	sql_text(w->sql, 1, w->scope);
	sql_text(w->sql, 2, w->name);
	return sql_finish(w->sql);
}

/* ERR_LIMIT when there is an account that has too much hidden from it. */
static struct err check_limit(struct write *w)
{
	struct err e;
	bool there;

	sql_use(w->sql, HIDES_TOO_MUCH);
	sql_text(w->sql, 1, w->scope);
	sql_u64(w->sql, 2, LIMIT_HIDDEN);
	e = sql_step(w->sql, &there);
	sql_done(w->sql);
	if (is_ok(e) && there)
		return err(ERR_LIMIT, "too many capabilities are hidden");
	return e;
}

static struct err run_hide(struct write *w)
{
	struct err e = run_statement(w, HIDE);

	return is_ok(e) ? check_limit(w) : e;
}

static struct err run_offer(struct write *w)
{
	struct err e = run_statement(w, OFFER);

	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ABSENT, "it isn't hidden there");
	return e;
}

struct err directory_hide(struct directory *d, struct slice scope,
                          struct slice capability)
{
	struct write w = { .run = run_hide,
		           .scope = scope,
		           .name = capability };

	return directory_write(d, &w);
}

struct err directory_offer(struct directory *d, struct slice scope,
                           struct slice capability)
{
	struct write w = { .run = run_offer,
		           .scope = scope,
		           .name = capability };

	return directory_write(d, &w);
}
