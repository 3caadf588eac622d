/* history.c -- roost history, roost lockout: who signs in, and who may not. */
#include <sysexits.h>

#include "admin/sign_ins.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "ipc/protocol.h"

int run_history(const struct call *c)
{
	const char *most = call_value(c, "last");
	struct frame_out f = { 0 };
	uint64_t ignored;

	if (most != NULL && !slice_number(slice_cstr(most), &ignored))
		return fail(EX_USAGE, "--last: a number");
	frame_begin(&f, FRAME_HISTORY);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(most != NULL ? most : ""));
	return server_table(c, &f, c->args[0], history_columns,
	                    HISTORY_COLUMNS);
}

int run_lockout_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_LOCKOUT_LIST);
	return server_table(c, &f, "lockout list", lockout_columns,
	                    LOCKOUT_COLUMNS);
}

int run_lockout_clear(const struct call *c)
{
	const char *who = c->n_args > 0 ? c->args[0] : "";
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_LOCKOUT_CLEAR);
	frame_slice(&f, slice_cstr(who));
	return server_do(c, &f, c->n_args > 0 ? who : "lockout clear");
}
