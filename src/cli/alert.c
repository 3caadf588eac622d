/* alert.c -- roost alert: what was raised, what is silent, does it arrive? */
#include <stdio.h>
#include <sysexits.h>

#include "admin/alert_verbs.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "cli/table.h"
#include "ipc/protocol.h"

int run_alert_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_ALERT_LIST);
	frame_slice(&f, slice_cstr(c->n_args > 0 ? c->args[0] : ""));
	return server_table(c, &f, NULL, alert_list_columns,
	                    ALERT_LIST_COLUMNS);
}

int run_alert_silence(const struct call *c)
{
	const char *until = call_value(c, "until");
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_ALERT_SILENCE);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(c->args[1]));
	frame_slice(&f, slice_cstr(until != NULL ? until : ""));
	return server_do(c, &f, NULL);
}

int run_alert_resume(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_ALERT_RESUME);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(c->args[1]));
	return server_do(c, &f, NULL);
}

/* The outcomes are shown above all when there is a bad one. */
int run_alert_test(const struct call *c)
{
	struct table *t = table_new(alert_test_columns, ALERT_TEST_COLUMNS);
	struct frame_out f = { 0 };
	int status;

	frame_begin(&f, FRAME_ALERT_TEST);
	frame_slice(&f, slice_cstr(c->n_args > 0 ? c->args[0] : ""));
	status = server_rows(c, &f, NULL, table_add, t);
	if (!table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	return status;
}
