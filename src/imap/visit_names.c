/*
 * visit_names.c -- see visit_names.h.
 */
#include "imap/visit_names.h"

#include "imap/internal.h"

const struct visit_namespace visit_namespaces[VISIT_NAMESPACES] = {
	{ N("Other Users/"), false },
	{ N("Shared/"), true },
};

static bool has_others(const struct session *s)
{
	return s->config->visits != NULL && !is_visit(s);
}

bool visit_place_of(const struct session *s, struct slice name,
                    struct visit_place *out)
{
	if (!has_others(s))
		return false;
	for (size_t i = 0; i < VISIT_NAMESPACES; i++) {
		struct slice before = visit_namespaces[i].prefix;
		struct slice rest = slice_from(name, before.len);
		size_t end = slice_find_byte(rest, '/');

		if (!slice_starts(name, before) || end == SLICE_NONE)
			continue;
		out->owner = slice_first(rest, end);
		out->prefix = slice_first(name, before.len + end + 1);
		out->shared = visit_namespaces[i].shared;
		return slice_find_byte(out->owner, '@') != SLICE_NONE;
	}
	return false;
}

struct slice visit_owner_of(struct slice prefix)
{
	struct slice rest = slice_first(prefix, prefix.len - 1);

	return slice_from(rest, slice_rfind_byte(rest, '/') + 1);
}

bool visit_is_name(const struct session *s, struct slice name)
{
	struct visit_place place;

	return visit_place_of(s, name, &place);
}

struct slice visit_top(const struct visit_namespace *space)
{
	return slice_first(space->prefix, space->prefix.len - 1);
}

bool visit_is_taken(const struct session *s, struct slice name)
{
	if (!has_others(s))
		return false;
	for (size_t i = 0; i < VISIT_NAMESPACES; i++)
		if (slice_starts(name, visit_namespaces[i].prefix) ||
		    slice_eq(name, visit_top(&visit_namespaces[i])))
			return true;
	return false;
}

bool visit_prefix(const struct session *s, struct slice name,
                  struct slice *prefix)
{
	struct visit_place place;
	bool is_others = visit_place_of(s, name, &place);

	*prefix = is_others ? place.prefix : S("");
	return is_others;
}
