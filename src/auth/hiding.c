/*
 * hiding.c -- which capabilities whom is not told of.
 *
 * Clients have bugs too: one that breaks over an extension works when it
 * never hears of it. What is hidden counts from the next log-in on.
 */
#include "auth/internal.h"
#include "base/log.h"

static bool is_capability(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 127)
			return false;
	return name.len != 0 && name.len <= LIMIT_CAPABILITY;
}

static void log_change(const char *event, struct slice scope,
                       struct slice capability)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_text(&l, "scope", scope);
	log_text(&l, "capability", capability);
	log_close(&l);
}

struct err capability_hide(struct auth *a, struct slice scope,
                           struct slice capability, bool hide)
{
	struct buf normal = { 0 };
	struct err e;

	if (!is_capability(capability))
		return err(ERR_SYNTAX, "that is no capability");
	task_lock(&a->changing);
	e = scope_normal(a, scope, &normal);
	if (is_ok(e))
		e = hide ? directory_hide(a->directory, buf_slice(&normal),
		                          capability)
		         : directory_offer(a->directory, buf_slice(&normal),
		                           capability);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change(hide ? "capability_hidden" : "capability_offered",
		           buf_slice(&normal), capability);
	buf_free(&normal);
	return e;
}
