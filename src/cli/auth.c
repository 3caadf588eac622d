/* auth.c -- roost auth test: what a log-in would find. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "cli/fail.h"
#include "cli/secret.h"
#include "cli/server.h"
#include "cli/table.h"
#include "ipc/protocol.h"

/* Also, and above all, those of one who is not let in. */
static int show_steps(const struct call *c, struct frame_out *f)
{
	struct table *t = table_new(auth_test_columns, AUTH_TEST_COLUMNS);
	int status = server_rows(c, f, c->args[0], table_add, t);

	if (!table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	return status;
}

int run_auth_test(const struct call *c)
{
	struct frame_out f = { 0 };
	struct slice secret;
	bool is_token = call_value(c, "token") != NULL;
	char prompt[320];
	struct err e;

	snprintf(prompt, sizeof prompt, "%s of %.255s",
	         is_token ? "Token" : "Password", c->args[0]);
	e = secret_read(prompt, is_token ? SECRET_TOKEN : SECRET_KNOWN,
	                &secret);
	if (!is_ok(e))
		return fail_err(e, c->args[0]);
	frame_begin(&f, is_token ? FRAME_AUTH_TEST_TOKEN : FRAME_AUTH_TEST);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, secret);
	mem_wipe((char *)secret.ptr, secret.len);
	free((char *)secret.ptr);
	return show_steps(c, &f);
}
