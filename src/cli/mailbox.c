/* mailbox.c -- roost mailbox: what an account has. */
#include "admin/verbs.h"
#include "cli/server.h"
#include "ipc/protocol.h"

int run_mailbox_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_MAILBOXES);
	return server_account_table(c, &f, c->args[0], mailbox_columns,
	                            MAILBOX_COLUMNS);
}
