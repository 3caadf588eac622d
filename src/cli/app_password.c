/* app_password.c -- roost app-password: secrets for single programs. */
#include <stdio.h>
#include <sysexits.h>

#include "admin/verbs.h"
#include "base/ascii.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "ipc/protocol.h"

/* Seconds; 0: that is no such unit. */
static uint64_t unit_of(char letter)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {
		{ 's', 1 },         { 'm', 60 },        { 'h', 3600 },
		{ 'd', 24 * 3600 }, { 'w', 7 * 86400 }, { 'y', 365 * 86400 },
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].letter == ascii_lower(letter))
			return units[i].seconds;
	return 0;
}

static bool take_lifetime(const char *text, uint64_t *out)
{
	struct slice s = slice_cstr(text);
	uint64_t unit = s.len != 0 ? unit_of(s.ptr[s.len - 1]) : 0;
	uint64_t n;

	return unit != 0 && slice_number(slice_first(s, s.len - 1), &n) &&
	       n != 0 && !__builtin_mul_overflow(n, unit, out);
}

static void add_value(const struct call *c, const char *flag,
                      struct frame_out *f)
{
	frame_slice(f, slice_cstr(call_value(c, flag)));
}

int run_app_password_add(const struct call *c)
{
	const char *expires = call_value(c, "expires");
	struct frame_out f = { 0 };
	char lifetime[24] = "";
	uint64_t seconds;

	if (expires != NULL && !take_lifetime(expires, &seconds))
		return fail(EX_USAGE, "--expires: a number with s, m, h, d, w "
		                      "or y behind it, as 90d");
	if (expires != NULL)
		snprintf(lifetime, sizeof lifetime, "%llu",
		         (unsigned long long)seconds);
	frame_begin(&f, FRAME_APP_PASSWORD_ADD);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(c->args[1]));
	add_value(c, "protocol", &f);
	add_value(c, "network", &f);
	frame_slice(&f, slice_cstr(lifetime));
	return server_values(c, &f, NULL, app_password_add_columns,
	                     APP_PASSWORD_ADD_COLUMNS);
}

int run_app_password_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_APP_PASSWORD_LIST);
	frame_slice(&f, slice_cstr(c->args[0]));
	return server_table(c, &f, c->args[0], app_password_list_columns,
	                    APP_PASSWORD_LIST_COLUMNS);
}

int run_app_password_revoke(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_APP_PASSWORD_REVOKE);
	frame_slice(&f, slice_cstr(c->args[0]));
	frame_slice(&f, slice_cstr(c->args[1]));
	return server_do(c, &f, NULL);
}
