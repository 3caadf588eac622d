/*
 * hiding.c -- which capabilities whom is not told of.
 *
 * Clients have bugs too: one that breaks over an extension works when it
 * never hears of it. What is hidden counts from the next log-in on.
 */
#include "auth/internal.h"
#include "auth/name.h"
#include "base/log.h"

/* A domain stands there as long as it has accounts. */
static struct err check_domain(struct auth *a, struct slice domain)
{
	struct account_row row;
	size_t n;
	struct err e = directory_page(a->directory, domain, S(""), &row, 1, &n);

	if (is_ok(e) && n == 0)
		return err(ERR_ABSENT, "no such domain");
	return e;
}

static struct err check_account(struct auth *a, struct slice name)
{
	struct account_row row;

	return directory_find(a->directory, name, &row);
}

/* Appends the scope in normal form; ERR_ABSENT when there is none. */
static struct err scope_normal(struct auth *a, struct slice scope,
                               struct buf *out)
{
	struct slice made;
	struct err e;

	if (scope.len == 0)
		return OK;
	if (scope.ptr[0] != '@') {
		e = user_name_normal(scope, out);
		return is_ok(e) ? check_account(a, buf_slice(out)) : e;
	}
	e = user_domain_normal(slice_from(scope, 1), out);
	if (!is_ok(e))
		return e;
	made = buf_slice(out);
	return check_domain(a, slice_from(made, 1));
}

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
