/* group.c -- roost group: who is in which, for the rights of mailboxes. */
#include "admin/verbs.h"
#include "cli/server.h"
#include "ipc/protocol.h"

static int change(const struct call *c, uint16_t type)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(c->args[1]));
	return server_do(c, &f, NULL);
}

int run_group_add(const struct call *c)
{
	return change(c, FRAME_GROUP_ADD);
}

int run_group_remove(const struct call *c)
{
	return change(c, FRAME_GROUP_REMOVE);
}

int run_group_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_GROUP_LIST);
	return server_table(c, &f, "group list", group_list_columns,
	                    GROUP_LIST_COLUMNS);
}
