/*
 * quota.c -- GETQUOTA, GETQUOTAROOT, SETQUOTA. RFC 9208
 *
 * An account is one quota root, called as the names of its mailboxes begin: ""
 * one's own, "Other Users/NAME/" another's. Only resources with a limit are
 * told; an account without any has no root at all, until it is given one.
 *
 * Limits are set by who administers the account's domain, which auth knows and
 * is asked each time, and by the operator (`roost user quota`).
 */
#include "imap/quota.h"

#include "base/log.h"
#include "imap/audit.h"
#include "imap/door.h"
#include "imap/visit.h"

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
static void reply_quota(struct session *s, const struct quota *q)
{
	struct buf *out = session_out(s);
	bool first = true;

	buf_add(out, S("* QUOTA "));
	session_reply_name(s, S(""));
	buf_add(out, S(" ("));
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

/* -- who may -- */

static const struct err no_root = { ERR_NONEXISTENT, "no such quota root" };

/* ERR_NOPERM, ERR_UNAVAILABLE. Suspends. */
static struct err check_administers(struct session *s)
{
	const struct visit_office *office = s->config->visits;

	if (office == NULL)
		return err(ERR_NOPERM, "only an administrator can set limits");
	return office->administers(office->ctx, s->who.account,
	                           account_id(s->account));
}

static bool may_read_any(struct session *s)
{
	struct mailbox_info *v;
	size_t n;

	if (!is_ok(mailbox_list(s->account, s->arena, &v, &n)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_ok(door_for(s, S("GETQUOTAROOT"), v[i].name)))
			return true;
	return false;
}

/* To a visitor who can't read anything here, and is no administrator, it is as
 * if there were no such owner. */
static struct err check_seen(struct session *s)
{
	if (!is_visit(s) || may_read_any(s) || is_ok(check_administers(s)))
		return OK;
	return err(ERR_NONEXISTENT, "no such mailbox");
}

/* -- the commands -- */

/* quota-root-name = astring ; "" in the account where it is */
static struct slice parse_root(struct cursor *c)
{
	expect(c, ' ', "expected a quota root");
	return parse_mailbox_asked(c);
}

/* getquota = "GETQUOTA" SP quota-root-name */
struct err cmd_getquota(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice root = parse_root(&c);
	struct quota q;
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? check_seen(s) : c.e;
	if (!is_ok(e))
		return e;
	account_quota(s->account, &q);
	if (root.len != 0 || !is_limited(&q))
		return no_root;
	reply_quota(s, &q);
	return OK;
}

/* getquotaroot = "GETQUOTAROOT" SP mailbox */
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
	/* one that could be made may be asked about, too: section 4.1.2 */
	if (e.code == ERR_NONEXISTENT && is_ok(door_made(s, name)))
		e = OK;
	if (!is_ok(e))
		return e;
	account_quota(s->account, &q);
	buf_add(out, S("* QUOTAROOT "));
	session_reply_name(s, name);
	if (is_limited(&q)) {
		buf_byte(out, ' ');
		session_reply_name(s, S(""));
	}
	buf_add(out, S("\r\n"));
	if (is_limited(&q))
		reply_quota(s, &q);
	return OK;
}

/* What SETQUOTA asks for. */
struct limits {
	uint64_t limit[QUOTA_RESOURCES]; /* 0: none */
	struct err e;                    /* why they can't be set */
};

static size_t find_resource(struct slice name)
{
	size_t i = 0;

	while (i < QUOTA_RESOURCES && !slice_ieq(resources[i].name, name))
		i++;
	return i;
}

static struct err take_limit(struct limits *l, struct slice name, uint64_t n)
{
	size_t i = find_resource(name);

	if (i == QUOTA_RESOURCES)
		return err(ERR_CANNOT, "there is no such resource");
	if (l->limit[i] != 0)
		return err(ERR_CANNOT, "a resource has one limit");
	if (n == 0)
		return err(ERR_CANNOT, "0 can't be a limit");
	if (n > INT64_MAX / resources[i].unit)
		return err(ERR_CANNOT, "that limit is too large");
	l->limit[i] = n * resources[i].unit;
	return OK;
}

/* setquota-resource = resource-name SP resource-limit */
static void parse_limit(struct cursor *c, struct limits *l)
{
	struct slice name = parse_atom(c);
	uint64_t n;

	expect(c, ' ', "expected a limit");
	n = parse_number64(c);
	if (is_ok(c->e) && is_ok(l->e))
		l->e = take_limit(l, name, n);
}

/* setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")" */
static struct limits parse_limits(struct cursor *c)
{
	struct limits l = { .e = OK };

	if (!take_word(c, S(" (")))
		fail(c, "expected a list of limits");
	if (take(c, ')'))
		return l;
	do {
		parse_limit(c, &l);
	} while (take(c, ' '));
	expect(c, ')', "list of limits does not end");
	return l;
}

static void log_set(const struct session *s)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, "quota_set");

	log_text(&l, "user", account_name(s->account));
	log_text(&l, "by", s->who.name);
	log_text(&l, "session", slice_cstr(s->id));
	log_close(&l);
}

/* setquota = "SETQUOTA" SP quota-root-name SP setquota-list
 * What is not in the list has no limit from now on. */
struct err cmd_setquota(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice root = parse_root(&c);
	struct limits l = parse_limits(&c);
	struct quota q;
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? check_seen(s) : c.e;
	if (is_ok(e))
		e = check_administers(s);
	if (is_ok(e) && root.len != 0)
		e = no_root;
	if (is_ok(e))
		e = l.e;
	if (is_ok(e))
		e = audit_change(s, S(""), slice_from(args, 1));
	if (is_ok(e))
		e = account_set_quota(s->account, QUOTA_ALL, l.limit);
	if (!is_ok(e))
		return e;
	log_set(s);
	account_quota(s->account, &q);
	reply_quota(s, &q);
	return OK;
}
