/*
 * hiding.c -- which capabilities whom is not told of.
 *
 * Clients have bugs too: one that breaks over an extension works when it
 * never hears of it. What is hidden counts from the next log-in on; what is
 * hidden from all, gates don't announce before it either.
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

void hidden_tell(struct peer *gate, bool changed)
{
	struct buf names = { 0 };
	struct frame_out f = { 0 };
	struct err e =
		directory_hidden_for(gate->auth->directory, S(""), &names);

	if (is_ok(e) && (changed || names.len != 0)) {
		frame_begin(&f, FRAME_HIDDEN);
		frame_slice(&f, buf_slice(&names));
		link_send(gate->link, &f, -1); /* or it is gone */
	}
	if (!is_ok(e))
		log_note(LOG_LEVEL_ERROR, "hidden_not_told", e.text);
	buf_free(&names);
}

static void tell_all(struct auth *a)
{
	for (struct peer *p = a->peers; p != NULL; p = p->next)
		if (p->is_gate)
			hidden_tell(p, true);
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
	if (is_ok(e) && normal.len == 0)
		tell_all(a);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change(hide ? "capability_hidden" : "capability_offered",
		           buf_slice(&normal), capability);
	buf_free(&normal);
	return e;
}
