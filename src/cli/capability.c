/*
 * capability.c -- roost capability: what clients are not told of.
 *
 * Names are checked against the table of what is announced, so that a slip
 * of the pen is an error and not a line that hides nothing.
 */
#include <stdio.h>
#include <sysexits.h>

#include "admin/verbs.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "imap/extensions.h"
#include "ipc/protocol.h"

/* NULL: there is no such capability. */
static const struct capability *find(struct slice name)
{
	for (size_t i = 0; i < n_capabilities; i++)
		if (slice_ieq(capabilities[i].name, name))
			return &capabilities[i];
	return NULL;
}

static void add_scope(struct frame_out *f, const struct call *c)
{
	const char *user = call_value(c, "user");
	const char *domain = call_value(c, "domain");
	struct buf scope = { 0 };

	if (user != NULL)
		buf_add(&scope, slice_cstr(user));
	if (domain != NULL)
		buf_printf(&scope, "@%s", domain);
	frame_slice(f, buf_slice(&scope));
	buf_free(&scope);
}

static int change(const struct call *c, uint16_t type)
{
	const struct capability *known = find(slice_cstr(c->args[0]));
	struct frame_out f = { 0 };

	if (known == NULL)
		return fail(EX_DATAERR, "%s: there is no such capability",
		            c->args[0]);
	if (slice_eq(known->name, S("IMAP4rev1")))
		return fail(EX_DATAERR, "IMAP4rev1 is what every client "
		                        "begins with; it can't be hidden");
	if (call_value(c, "user") != NULL && call_value(c, "domain") != NULL)
		return fail(EX_USAGE, "either --user or --domain");
	frame_begin(&f, type);
	add_scope(&f, c);
	frame_slice(&f, known->name);
	return server_do(c, &f, NULL);
}

int run_capability_hide(const struct call *c)
{
	return change(c, FRAME_CAPABILITY_HIDE);
}

int run_capability_offer(const struct call *c)
{
	return change(c, FRAME_CAPABILITY_OFFER);
}

int run_capability_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_CAPABILITY_LIST);
	return server_table(c, &f, "capability list", capability_list_columns,
	                    CAPABILITY_LIST_COLUMNS);
}
