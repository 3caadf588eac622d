/* user.c -- see user.h. */
#include "config/user.h"

#include <assert.h>

const char *const config_processes[] = { "gate",    "auth",    "mail", "parse",
	                                 "outside", "metrics", NULL };

static bool is_process(struct slice name)
{
	for (size_t i = 0; config_processes[i] != NULL; i++) {
		if (slice_eq(name, slice_cstr(config_processes[i])))
			return true;
	}
	return false;
}

bool config_user_parse(struct slice text, struct config_user *out)
{
	struct slice name;

	if (!slice_cut(text, ':', &out->process, &name))
		return false;
	out->name = name.ptr;
	return is_process(out->process) && name.len > 0;
}

const char *config_user_of(const struct config *c, const char *process)
{
	assert(is_process(slice_cstr(process)));
	for (size_t i = 0; i < c->users.n; i++) {
		struct config_user u;

		if (config_user_parse(slice_cstr(c->users.v[i]), &u) &&
		    slice_eq(u.process, slice_cstr(process)))
			return u.name;
	}
	return "";
}
