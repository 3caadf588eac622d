/* user.c -- roost user: accounts, as auth keeps them. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "cli/fail.h"
#include "cli/secret.h"
#include "cli/server.h"
#include "ipc/protocol.h"

/* The exit status when the answer was no: no error, and not done either. */
enum { DECLINED = 1 };

/* Requests whose only field is the name. */
static struct frame_out named(uint16_t type, const char *name)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	frame_slice(&f, slice_cstr(name));
	return f;
}

static int do_named(const struct call *c, uint16_t type)
{
	struct frame_out f = named(type, c->args[0]);

	return server_do(c, &f, c->args[0]);
}

/* One that another server has kept is known: it is asked for once. */
static struct err read_password(const struct call *c, bool is_stored,
                                struct slice *out)
{
	char prompt[320];

	snprintf(prompt, sizeof prompt, "%s of %.255s",
	         is_stored ? "Stored password" : "Password", c->args[0]);
	return secret_read(prompt, is_stored ? SECRET_KNOWN : SECRET_NEW, out);
}

static int do_with_password(const struct call *c, uint16_t plain,
                            uint16_t stored)
{
	bool is_stored = call_value(c, "stored") != NULL;
	struct frame_out f;
	struct slice password;
	struct err e = read_password(c, is_stored, &password);
	int status;

	if (!is_ok(e))
		return fail_err(e, c->args[0]);
	f = named(is_stored ? stored : plain, c->args[0]);
	frame_slice(&f, password);
	mem_wipe((char *)password.ptr, password.len);
	free((char *)password.ptr);
	status = server_do(c, &f, c->args[0]);
	return status;
}

int run_user_add(const struct call *c)
{
	bool is_shared = call_value(c, "shared") != NULL;

	if (is_shared && call_value(c, "stored") != NULL)
		return fail(EX_USAGE, "user add: one that is --shared has no "
		                      "password, --stored or not");
	if (is_shared)
		return do_named(c, FRAME_USER_ADD_SHARED);
	return do_with_password(c, FRAME_USER_ADD, FRAME_USER_ADD_STORED);
}

int run_user_password(const struct call *c)
{
	return do_with_password(c, FRAME_USER_PASSWORD,
	                        FRAME_USER_PASSWORD_STORED);
}

int run_user_disable(const struct call *c)
{
	return do_named(c, FRAME_USER_DISABLE);
}

int run_user_enable(const struct call *c)
{
	return do_named(c, FRAME_USER_ENABLE);
}

int run_user_promote(const struct call *c)
{
	return do_named(c, FRAME_USER_PROMOTE);
}

int run_user_demote(const struct call *c)
{
	return do_named(c, FRAME_USER_DEMOTE);
}

int run_user_list(const struct call *c)
{
	const char *domain = c->n_args > 0 ? c->args[0] : "";
	struct frame_out f = named(FRAME_USER_LIST, domain);

	return server_table(c, &f, NULL, user_list_columns, USER_LIST_COLUMNS);
}

int run_user_show(const struct call *c)
{
	struct frame_out f = named(FRAME_USER_SHOW, c->args[0]);

	return server_table(c, &f, c->args[0], user_show_columns,
	                    USER_SHOW_COLUMNS);
}

int run_user_stale(const struct call *c)
{
	struct frame_out f = named(FRAME_USER_STALE, call_value(c, "days"));
	bool disable = call_value(c, "disable") != NULL;

	frame_slice(&f, disable ? S("disable") : S(""));
	return server_table(c, &f, "user stale", stale_columns, STALE_COLUMNS);
}

static bool is_confirmed(const char *name)
{
	char answer[16];

	fprintf(stderr, "Remove %s and all its mail for good? [y/N] ", name);
	return fgets(answer, sizeof answer, stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

int run_user_remove(const struct call *c)
{
	if (call_value(c, "yes") != NULL)
		return do_named(c, FRAME_USER_REMOVE);
	if (!isatty(STDIN_FILENO))
		return fail(EX_USAGE, "user remove: without a terminal, "
		                      "--yes is needed");
	if (!is_confirmed(c->args[0]))
		return fail(DECLINED, "%s: not removed", c->args[0]);
	return do_named(c, FRAME_USER_REMOVE);
}
