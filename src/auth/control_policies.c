/* control_policies.c -- policies for the `roost` command. */
#include "admin/verbs.h"
#include "auth/control_internal.h"
#include "base/arena.h"
#include "directory/name.h"

enum { PAGE = 64 };

static const struct slice server = N("server");

/* The server is called so; "" is no scope, but all of them. */
static struct slice scope_of(struct slice text)
{
	return slice_eq(text, server) ? S("") : text;
}

struct err control_policy_set(struct control *c, struct slice scope,
                              struct slice setting)
{
	struct slice name, value;

	if (!slice_cut(setting, ' ', &name, &value))
		return err(ERR_SYNTAX, "a value is missing");
	return policy_set(c->auth, scope_of(scope), name, value);
}

struct err control_policy_unset(struct control *c, struct slice scope,
                                struct slice name)
{
	return policy_unset(c->auth, scope_of(scope), name);
}

/* -- show -- */

static void add_row(struct control *c, struct slice name, struct slice value,
                    struct slice scope)
{
	control_answer(c,
	               (struct slice[POLICY_COLUMNS]){
			       [POLICY_COLUMN_POLICY] = name,
			       [POLICY_COLUMN_VALUE] = value,
			       [POLICY_COLUMN_SCOPE] = scope,
		       },
	               POLICY_COLUMNS);
}

struct wanted {
	bool all; /* scopes */
	struct slice scope;
	struct slice name; /* "": all */
};

static void setting_row(struct control *c, const struct wanted *w,
                        const struct policy_setting *s)
{
	if ((w->all || slice_eq(s->scope, w->scope)) &&
	    (w->name.len == 0 || slice_eq(s->name, w->name)))
		add_row(c, s->name, s->value,
		        s->scope.len != 0 ? s->scope : server);
}

/* Each page's rows are in the arena until the one behind it is read. */
static struct err show_settings(struct control *c, const struct wanted *w)
{
	struct policy_setting page[PAGE];
	struct policy_setting last = { w->scope, S(""), S("") };
	struct arena *a = arena_new(1 << 20);
	struct err e = OK;
	size_t n = PAGE;

	while (is_ok(e) && is_ok(c->e) && n == PAGE &&
	       (w->all || slice_eq(last.scope, w->scope))) {
		e = directory_policy_page(c->auth->directory, &last, a, page,
		                          PAGE, &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			setting_row(c, w, &page[i]);
		if (n != 0)
			last = page[n - 1];
	}
	arena_free(a);
	return e;
}

/* Scopes in normal form; name may be "". */
static struct err find_wanted(struct control *c, struct slice scope,
                              struct slice name, struct buf *normal,
                              struct wanted *out)
{
	enum policy p;

	*out = (struct wanted){ .all = scope.len == 0, .name = name };
	if (name.len != 0) {
		if (!policy_find(name, &p))
			return err(ERR_SYNTAX, policy_unknown);
		out->name = policy_name(p);
	}

	struct err e = scope_normal(c->auth, scope_of(scope), normal);

	out->scope = buf_slice(normal);
	return e;
}

struct err control_policy_show(struct control *c, struct slice scope,
                               struct slice name)
{
	struct buf normal = { 0 };
	struct wanted w;
	struct err e = find_wanted(c, scope, name, &normal, &w);

	if (is_ok(e))
		e = show_settings(c, &w);
	buf_free(&normal);
	return e;
}

/* -- in short -- */

/* Without the blanks of a list. */
static void add_text(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] != ' ')
			buf_byte(out, value.ptr[i]);
}

struct slice control_policies_text(struct control *c,
                                   const struct account_row *row,
                                   struct arena *a)
{
	struct buf out = { 0 };
	struct policies all;
	struct slice text;
	struct err e = directory_policies_for(c->auth->directory,
	                                      account_row_name(row), a, &all);

	for (unsigned p = 0; is_ok(e) && p < POLICIES; p++) {
		if (all.v[p].origin == ORIGIN_DEFAULT)
			continue;
		if (out.len != 0)
			buf_byte(&out, ' ');
		buf_add(&out, policy_name((enum policy)p));
		buf_byte(&out, '=');
		add_text(&out, all.v[p].text);
	}
	text = arena_copy(a, buf_slice(&out));
	buf_free(&out);
	return text;
}

/* -- show --effective -- */

static struct slice origin_scope(enum policy_origin o, struct slice scope)
{
	struct slice domain = user_name_domain(scope);

	switch (o) {
	case ORIGIN_SERVER:
		return server;
	case ORIGIN_DOMAIN:
		return slice_of(domain.ptr - 1, domain.len + 1);
	case ORIGIN_ACCOUNT:
		return scope;
	default:
		return S("default");
	}
}

struct err control_policy_effective(struct control *c, struct slice scope,
                                    struct slice name)
{
	struct arena *a = arena_new(1 << 20);
	struct buf normal = { 0 };
	struct policies all;
	struct wanted w;
	struct err e = find_wanted(c, scope, name, &normal, &w);

	if (is_ok(e))
		e = directory_policies_for(c->auth->directory,
		                           w.scope.len != 0 ? w.scope : S("@"),
		                           a, &all);
	for (unsigned p = 0; is_ok(e) && p < POLICIES; p++) {
		struct slice this = policy_name((enum policy)p);

		if (w.name.len == 0 || slice_eq(this, w.name))
			add_row(c, this, all.v[p].text,
			        origin_scope(all.v[p].origin, w.scope));
	}
	arena_free(a);
	buf_free(&normal);
	return e;
}
