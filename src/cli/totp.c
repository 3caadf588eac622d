/* totp.c -- roost totp: second factors and recovery codes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "cli/fail.h"
#include "cli/qr.h"
#include "cli/server.h"
#include "ipc/protocol.h"

static struct frame_out request(const struct call *c, uint16_t type)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	for (int i = 0; i < c->n_args; i++)
		frame_slice(&f, slice_cstr(c->args[i]));
	return f;
}

/* -- a new key -- */

struct fresh {
	char key[64];
	char uri[1024];
};

static void take_fresh(void *arg, const struct slice *values, size_t n)
{
	struct fresh *fresh = arg;

	if (n != TOTP_ENABLE_COLUMNS)
		return;
	snprintf(fresh->key, sizeof fresh->key, "%.*s",
	         (int)values[TOTP_ENABLE_KEY].len, values[TOTP_ENABLE_KEY].ptr);
	snprintf(fresh->uri, sizeof fresh->uri, "%.*s",
	         (int)values[TOTP_ENABLE_URI].len, values[TOTP_ENABLE_URI].ptr);
}

/* For its owner's eyes: nobody else may read it, and it replaces nothing. */
static int write_svg(const char *path, const char *uri)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool written;

	if (out == NULL)
		return fail_err(err_errno(errno), path);
	written = qr_svg(uri, out);
	if (fclose(out) != 0 || !written) {
		unlink(path);
		return fail(EX_CANTCREAT, "%s: can't be written", path);
	}
	return EX_OK;
}

static int show_fresh(const struct call *c, const struct fresh *fresh)
{
	const char *svg = call_value(c, "svg");
	int status = svg != NULL ? write_svg(svg, fresh->uri) : EX_OK;

	if (status != EX_OK)
		return status;
	if (svg == NULL && isatty(STDOUT_FILENO))
		qr_print(fresh->uri, stdout);
	printf("%s\nkey %s\n", fresh->uri, fresh->key);
	if (isatty(STDOUT_FILENO))
		printf("\nIt counts once a code has confirmed it:\n"
		       "    roost totp confirm %s CODE\n",
		       c->args[0]);
	return EX_OK;
}

int run_totp_enable(const struct call *c)
{
	struct frame_out f = request(c, FRAME_TOTP_ENABLE);
	struct fresh fresh = { "", "" };
	int status = server_rows(c, &f, c->args[0], take_fresh, &fresh);

	if (status == EX_OK)
		status = show_fresh(c, &fresh);
	mem_wipe(&fresh, sizeof fresh);
	return status;
}

/* -- the others -- */

static int show_codes(const struct call *c, uint16_t type)
{
	struct frame_out f = request(c, type);

	return server_values(c, &f, c->args[0], recovery_codes_columns,
	                     RECOVERY_CODES_COLUMNS);
}

int run_totp_confirm(const struct call *c)
{
	return show_codes(c, FRAME_TOTP_CONFIRM);
}

int run_totp_recovery(const struct call *c)
{
	return show_codes(c, FRAME_TOTP_RECOVERY);
}

int run_totp_check(const struct call *c)
{
	struct frame_out f = request(c, FRAME_TOTP_CHECK);

	return server_do(c, &f, c->args[0]);
}

int run_totp_disable(const struct call *c)
{
	struct frame_out f = request(c, FRAME_TOTP_DISABLE);

	return server_do(c, &f, c->args[0]);
}

int run_totp_status(const struct call *c)
{
	struct frame_out f = request(c, FRAME_TOTP_STATUS);

	return server_table(c, &f, c->args[0], totp_status_columns,
	                    TOTP_STATUS_COLUMNS);
}
