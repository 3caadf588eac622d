/* user_quota.c -- roost user quota: what an account may have, and has. */
#include <sysexits.h>

#include "admin/verbs.h"
#include "base/ascii.h"
#include "cli/fail.h"
#include "cli/server.h"
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
			fail(EX_USAGE, "--%s: a number%s", resources[i].flag,
			     resources[i].is_size
			             ? ", with K, M or G behind it or none"
			             : "");
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

	frame_begin(&f, FRAME_QUOTA);
	if (!take_limits(c, &f)) {
		frame_free(&f);
		return EX_USAGE;
	}
	return server_account_table(c, &f, c->args[0], quota_columns,
	                            QUOTA_COLUMNS);
}
