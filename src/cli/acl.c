/* acl.c -- roost acl: who may do what with an account's mailboxes. */
#include <stdio.h>
#include <sysexits.h>

#include "admin/verbs.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "cli/table.h"
#include "ipc/protocol.h"

static int ask(const struct call *c, bool change)
{
	struct table *t = table_new(acl_columns, ACL_COLUMNS);
	struct frame_out f = { 0 };
	struct control mail;
	struct err e;
	int status = server_open_account(c, c->args[0], &mail);

	if (status != EX_OK) {
		table_free(t);
		return status;
	}
	frame_begin(&f, FRAME_ACL);
	frame_u8(&f, change);
	for (int i = 1; i < 4; i++)
		frame_slice(&f, slice_cstr(i < c->n_args ? c->args[i] : ""));
	e = control_call(&mail, &f, table_add, t);
	if (!is_ok(e))
		status = fail_err(e, c->args[0]);
	else if (!table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	control_close(&mail);
	return status;
}

int run_acl_set(const struct call *c)
{
	return ask(c, true);
}

int run_acl_show(const struct call *c)
{
	return ask(c, false);
}
