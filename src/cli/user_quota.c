/* user_quota.c -- roost user quota: what an account may have, and has. */
#include <stdio.h>
#include <sysexits.h>

#include "admin/verbs.h"
#include "base/ascii.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "cli/table.h"
#include "ipc/protocol.h"

/* By enum quota_resource; cli knows nothing of mailbox/. */
static const struct {
	const char *flag;
	bool is_size; /* K, M and G may stand behind it */
} resources[QUOTA_COLUMNS_RESOURCES] = {
	{ "storage", true },
	{ "messages", false },
	{ "mailboxes", false },
	{ "annotations", true },
};

/* The number that the last letter multiplies by; 0: none such. */
static uint64_t unit_of(char letter)
{
	switch (ascii_upper(letter)) {
	case 'K':
		return 1 << 10;
	case 'M':
		return 1 << 20;
	case 'G':
		return 1 << 30;
	default:
		return 0;
	}
}

static bool take_limit(const char *text, bool is_size, uint64_t *out)
{
	struct slice s = slice_cstr(text);
	uint64_t unit = is_size && s.len != 0 ? unit_of(s.ptr[s.len - 1]) : 0;
	uint64_t n;

	if (unit != 0)
		s.len--;
	return slice_number(s, &n) &&
	       !__builtin_mul_overflow(n, unit != 0 ? unit : 1, out);
}

/* False when a value is no number, which has been said. */
static bool take_limits(const struct call *c, struct frame_out *f)
{
	uint64_t limit[QUOTA_COLUMNS_RESOURCES] = { 0 };
	uint8_t set = 0;

	for (int i = 0; i < QUOTA_COLUMNS_RESOURCES; i++) {
		const char *text = call_value(c, resources[i].flag);

		if (text == NULL)
			continue;
		set = (uint8_t)(set | 1u << i);
		if (!take_limit(text, resources[i].is_size, &limit[i])) {
			fail(EX_USAGE, "--%s: not a number", resources[i].flag);
			return false;
		}
	}
	frame_u8(f, set);
	for (int i = 0; i < QUOTA_COLUMNS_RESOURCES; i++)
		frame_u64(f, limit[i]);
	return true;
}

int run_user_quota(const struct call *c)
{
	struct frame_out f = { 0 };
	struct control mail;
	struct table *t;
	struct err e;
	int status;

	frame_begin(&f, FRAME_QUOTA);
	status = take_limits(c, &f) ? server_open_account(c, c->args[0], &mail)
	                            : EX_USAGE;
	if (status != EX_OK) {
		frame_free(&f);
		return status;
	}
	t = table_new(quota_columns, QUOTA_COLUMNS);
	e = control_call(&mail, &f, table_add, t);
	if (!is_ok(e))
		status = fail_err(e, c->args[0]);
	else if (!table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	control_close(&mail);
	return status;
}
