/* policy.c -- roost policy: what accounts may do, and from where. */
#include <sysexits.h>

#include "admin/verbs.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "ipc/protocol.h"

int run_policy_set(const struct call *c)
{
	struct frame_out f = { 0 };
	struct buf setting = { 0 };

	if (*c->args[2] == '\0')
		return fail(EX_USAGE, "policy set: a value is missing");
	buf_printf(&setting, "%s %s", c->args[1], c->args[2]);
	frame_begin(&f, FRAME_POLICY_SET);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, buf_slice(&setting));
	buf_free(&setting);
	return server_do(c, &f, NULL);
}

int run_policy_unset(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_POLICY_UNSET);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(c->args[1]));
	return server_do(c, &f, NULL);
}

int run_policy_show(const struct call *c)
{
	bool effective = call_value(c, "effective") != NULL;
	struct frame_out f = { 0 };

	if (effective && c->n_args == 0)
		return fail(EX_USAGE, "policy show: --effective is of an "
		                      "account, a domain or the server");
	frame_begin(&f, effective ? FRAME_POLICY_EFFECTIVE : FRAME_POLICY_SHOW);
	for (int i = 0; i < 2; i++)
		frame_slice(&f, slice_cstr(i < c->n_args ? c->args[i] : ""));
	return server_table(c, &f, NULL, policy_columns, POLICY_COLUMNS);
}
