/* owners.c -- see owners.h. */
#include "imap/owners.h"

#include "base/limits.h"
#include "imap/visit_names.h"

/* "Other Users" is a beginning of names, "Other Users 2" of others. */
static struct slice with_delim(struct session *s, struct slice name)
{
	return arena_printf(s->arena, "%.*s/", (int)name.len, name.ptr);
}

static struct err add(struct session *s, struct owners *o, struct slice prefix)
{
	for (size_t i = 0; i < o->n; i++)
		if (slice_ieq(o->v[i], prefix))
			return OK;
	if (o->n == LIMIT_OWNERS)
		return err(ERR_LIMIT, "too many owners of mailboxes");
	if (o->v == NULL)
		o->v = arena_array(s->arena, LIMIT_OWNERS, sizeof *o->v);
	o->v[o->n++] = prefix;
	return OK;
}

static struct err add_all(struct session *s, struct owners *o,
                          const struct visit_namespace *space)
{
	const struct visit_office *office = s->config->visits;
	struct slice *names;
	size_t n;
	struct err e = office->owners(office->ctx, s->who.account,
	                              space->shared, s->arena, &names, &n);

	for (size_t i = 0; i < n && is_ok(e); i++)
		e = add(s, o,
		        arena_printf(s->arena, "%.*s%.*s/",
		                     (int)space->prefix.len, space->prefix.ptr,
		                     (int)names[i].len, names[i].ptr));
	return e;
}

struct err owners_add(struct session *s, struct owners *o, struct slice name,
                      enum reach reach)
{
	struct slice top = with_delim(s, name);
	struct slice prefix;

	if (visit_prefix(s, top, &prefix)) {
		bool is_owner = prefix.len == top.len;

		return is_owner && reach == REACH_MAILBOX ? OK
		                                          : add(s, o, prefix);
	}
	if (reach != REACH_SUBTREE || s->config->visits == NULL || is_visit(s))
		return OK;
	for (size_t i = 0; i < VISIT_NAMESPACES; i++)
		if (slice_eq(visit_namespaces[i].prefix, top))
			return add_all(s, o, &visit_namespaces[i]);
	return OK;
}

/* Is the owner, or what all owners are below? */
static bool is_above(struct slice top, struct slice owner, enum reach reach)
{
	if (top.len == owner.len)
		return reach != REACH_MAILBOX && slice_ieq(top, owner);
	return reach == REACH_SUBTREE && slice_starts(owner, top);
}

size_t owners_names(struct session *s, struct slice owner,
                    const struct slice *names, size_t n, enum reach reach,
                    struct slice *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		struct slice top = with_delim(s, names[i]);

		if (top.len > owner.len && slice_istarts(top, owner))
			out[found++] = names[i];
		else if (is_above(top, owner, reach))
			out[found++] = owner;
	}
	return found;
}
