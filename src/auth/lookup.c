/*
 * lookup.c -- is there somebody to deliver to?
 *
 * A disabled account can't log in, but its mail still comes in: disabling is
 * for people and stolen passwords, and bouncing mail would lose it. The
 * address as it stands comes first; only if nobody has it is "user+detail"
 * taken apart.
 */
#include "auth/internal.h"
#include "auth/name.h"

struct found {
	struct account_row row;
	struct slice detail;
};

static struct err find(struct auth *a, struct slice name, struct found *out)
{
	struct err e = directory_find(a->directory, name, &out->row);

	if (is_ok(e) && out->row.state != ACCOUNT_ENABLED &&
	    out->row.state != ACCOUNT_DISABLED)
		return err(ERR_ABSENT, "no such account");
	return e;
}

static struct err find_address(struct auth *a, struct slice address,
                               struct found *out)
{
	struct buf name = { 0 };
	struct buf base = { 0 };
	struct err e = user_name_normal(address, &name);

	if (is_ok(e))
		e = find(a, buf_slice(&name), out);
	/* a detail, being a mailbox's name, may hold what no name may */
	if ((e.code == ERR_ABSENT || e.code == ERR_SYNTAX) &&
	    user_name_split(address, &base, &out->detail)) {
		name.len = 0;
		e = user_name_normal(buf_slice(&base), &name);
		if (is_ok(e))
			e = find(a, buf_slice(&name), out);
	}
	buf_free(&name);
	buf_free(&base);
	return e;
}

/* What gate is told: there, not there, or not to be known now. */
static enum err_code answer_code(struct err e)
{
	switch (e.code) {
	case ERR_OK:
	case ERR_ABSENT:
		return e.code;
	case ERR_SYNTAX:
		return ERR_ABSENT;
	default:
		return ERR_UNAVAILABLE;
	}
}

bool lookup_frame(struct peer *gate, struct frame_in *in)
{
	struct auth *a = gate->auth;
	struct found found = { 0 };
	struct frame_out f = { 0 };
	uint64_t request = read_u64(&in->r);
	struct slice address = frame_read_slice(in, LIMIT_LMTP_LINE);
	struct err e;

	if (!frame_is_whole(in))
		return false;
	e = find_address(a, address, &found);
	frame_begin(&f, FRAME_FOUND);
	frame_u64(&f, request);
	frame_u8(&f, (uint8_t)answer_code(e));
	frame_u64(&f, is_ok(e) ? found.row.id : 0);
	frame_u32(&f, is_ok(e) ? directory_partition(a->directory, found.row.id)
	                       : 0);
	frame_slice(&f, is_ok(e) ? account_row_name(&found.row) : S(""));
	frame_slice(&f, is_ok(e) ? found.detail : S(""));
	link_send(gate->link, &f, -1);
	return true;
}
