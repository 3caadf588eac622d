/* server.c -- one question, one answer. */
#include "cli/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/fail.h"
#include "cli/site.h"
#include "cli/table.h"

int server_open(const struct call *c, struct control *out)
{
	struct config *config;
	struct err e;
	char *path;
	int status = site_config(c, &config);

	if (status != EX_OK)
		return status;
	path = config_control_path(config);
	e = control_open(path, out);
	if (e.code == ERR_UNAVAILABLE)
		status = fail(EX_UNAVAILABLE, "%s: %s", path, e.text);
	else if (!is_ok(e))
		status = fail_err(e, path);
	free(path);
	config_free(config);
	return status;
}

int server_open_account(const struct call *c, const char *account,
                        struct control *out)
{
	struct control server;
	struct linked linked;
	struct err e;
	int status = server_open(c, &server);

	if (status != EX_OK)
		return status;
	e = control_link(&server, slice_cstr(account), 0, out, &linked);
	if (!is_ok(e))
		status = fail_err(e, account);
	control_close(&server);
	return status;
}

static int fail_call(struct err e, const struct call *c)
{
	struct buf words = { 0 };
	char *what;
	int status;

	buf_add(&words, slice_cstr(c->verb->name));
	for (int i = 0; i < c->n_args; i++)
		buf_printf(&words, " %s", c->args[i]);
	what = mem_cstr(buf_slice(&words));
	status = fail_err(e, what);
	free(what);
	buf_free(&words);
	return status;
}

/* account NULL: the server itself */
static int ask(const struct call *c, const char *account,
               struct frame_out *request, const char *what,
               void (*fn)(void *, const struct slice *, size_t), void *arg)
{
	struct control to;
	struct err e;
	int status = account != NULL ? server_open_account(c, account, &to)
	                             : server_open(c, &to);

	if (status != EX_OK) {
		frame_free(request);
		return status;
	}
	e = control_call(&to, request, fn, arg);
	if (!is_ok(e))
		status = what != NULL ? fail_err(e, what) : fail_call(e, c);
	control_close(&to);
	return status;
}

int server_do(const struct call *c, struct frame_out *request, const char *what)
{
	return ask(c, NULL, request, what, NULL, NULL);
}

int server_rows(const struct call *c, struct frame_out *request,
                const char *what,
                void (*fn)(void *, const struct slice *, size_t), void *arg)
{
	return ask(c, NULL, request, what, fn, arg);
}

static int ask_and_print(const struct call *c, const char *account,
                         struct frame_out *request, const char *what,
                         const char *const *columns, size_t n_columns)
{
	struct table *t = table_new(columns, n_columns);
	int status = ask(c, account, request, what, table_add, t);

	if (status == EX_OK && !table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	return status;
}

int server_table(const struct call *c, struct frame_out *request,
                 const char *what, const char *const *columns, size_t n_columns)
{
	return ask_and_print(c, NULL, request, what, columns, n_columns);
}

int server_values(const struct call *c, struct frame_out *request,
                  const char *what, const char *const *columns,
                  size_t n_columns)
{
	struct table *t = table_new(columns, n_columns);
	int status = ask(c, NULL, request, what, table_add, t);

	if (status == EX_OK && !(c->json ? table_print(t, true, stdout)
	                                 : table_print_values(t, stdout)))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	return status;
}

int server_account_table(const struct call *c, struct frame_out *request,
                         const char *account, const char *const *columns,
                         size_t n_columns)
{
	return ask_and_print(c, account, request, NULL, columns, n_columns);
}
