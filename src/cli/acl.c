/* acl.c -- roost acl: who may do what with an account's mailboxes. */
#include "admin/verbs.h"
#include "cli/server.h"
#include "ipc/protocol.h"

static int ask(const struct call *c, bool change)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_ACL);
	frame_u8(&f, change);
	for (int i = 1; i < 4; i++)
		frame_slice(&f, slice_cstr(i < c->n_args ? c->args[i] : ""));
	return server_account_table(c, &f, c->args[0], acl_columns,
	                            ACL_COLUMNS);
}

int run_acl_set(const struct call *c)
{
	return ask(c, true);
}

int run_acl_show(const struct call *c)
{
	return ask(c, false);
}
