/*
 * quota.c -- GETQUOTA, GETQUOTAROOT, SETQUOTA. RFC 9208
 *
 * An account is one quota root, called "". Only resources with a limit are
 * told; an account without any has no root at all.
 */
#include "imap/quota.h"
#include "imap/door.h"

/* STORAGE is told in units of 1024 octets, begun ones too. */
static const struct {
	struct slice name;
	uint64_t unit;
} resources[QUOTA_RESOURCES] = {
	[QUOTA_STORAGE] = { N("STORAGE"), 1024 },
	[QUOTA_MESSAGE] = { N("MESSAGE"), 1 },
	[QUOTA_MAILBOX] = { N("MAILBOX"), 1 },
	[QUOTA_ANNOTATION_STORAGE] = { N("ANNOTATION-STORAGE"), 1024 },
};

static bool is_limited(const struct quota *q)
{
	for (size_t i = 0; i < QUOTA_RESOURCES; i++)
		if (q->limit[i] != 0)
			return true;
	return false;
}

static uint64_t in_units(uint64_t n, uint64_t unit)
{
	return n / unit + (n % unit != 0);
}

/* quota-response = "QUOTA" SP quota-root-name SP quota-list */
static void reply_quota(struct buf *out, const struct quota *q)
{
	bool first = true;

	buf_add(out, S("* QUOTA \"\" ("));
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		if (q->limit[i] == 0)
			continue;
		if (!first)
			buf_byte(out, ' ');
		first = false;
		buf_add(out, resources[i].name);
		buf_byte(out, ' ');
		buf_number(out, in_units(q->used[i], resources[i].unit));
		buf_byte(out, ' ');
		buf_number(out, in_units(q->limit[i], resources[i].unit));
	}
	buf_add(out, S(")\r\n"));
}

void session_tell_overquota(struct session *s)
{
	struct quota q;

	account_quota(s->account, &q);
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		if (q.limit[i] == 0 || q.used[i] <= q.limit[i])
			continue;
		buf_add(session_out(s),
		        S("* NO [OVERQUOTA] More is used than may be\r\n"));
		return;
	}
}

/* -- the commands -- */

/* getquota = "GETQUOTA" SP quota-root-name */
struct err cmd_getquota(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice root;
	struct quota q;

	expect(&c, ' ', "expected a quota root");
	root = parse_astring(&c);
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	account_quota(s->account, &q);
	if (root.len != 0 || !is_limited(&q))
		return err(ERR_NONEXISTENT, "no such quota root");
	reply_quota(session_out(s), &q);
	return OK;
}

/* getquotaroot = "GETQUOTAROOT" SP mailbox ; RFC 9208 section 4.1.3 */
struct err cmd_getquotaroot(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct buf *out = session_out(s);
	struct mailbox_info info;
	struct slice name;
	struct quota q;
	struct err e;

	expect(&c, ' ', "expected a mailbox");
	name = parse_mailbox(&c);
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	e = door_named(s, name);
	if (is_ok(e))
		e = mailbox_get_info(s->account, name, &info);
	/* one that could be made may be asked about, too */
	if (e.code == ERR_NONEXISTENT && is_ok(door_made(s, name)))
		e = OK;
	if (!is_ok(e))
		return e;
	account_quota(s->account, &q);
	buf_add(out, S("* QUOTAROOT "));
	session_reply_name(s, name);
	buf_add(out, is_limited(&q) ? S(" \"\"\r\n") : S("\r\n"));
	if (is_limited(&q))
		reply_quota(out, &q);
	return OK;
}

/* setquota-resource = resource-name SP resource-limit */
static void parse_resource(struct cursor *c)
{
	parse_atom(c);
	expect(c, ' ', "expected a limit");
	parse_number64(c);
}

/*
 * setquota = "SETQUOTA" SP quota-root-name SP setquota-list
 *
 * Limits are the operator's, who sets them with `roost user quota`: QUOTASET
 * is not announced.
 */
struct err cmd_setquota(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);

	expect(&c, ' ', "expected a quota root");
	parse_astring(&c);
	if (!take_word(&c, S(" (")))
		fail(&c, "expected a list of limits");
	if (!take(&c, ')')) {
		do {
			parse_resource(&c);
		} while (take(&c, ' '));
		expect(&c, ')', "list of limits does not end");
	}
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	return err(ERR_NOPERM, "only the operator can set limits");
}
