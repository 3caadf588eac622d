/*
 * acl.c -- SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS. RFC 4314
 */
#include "base/limits.h"
#include "imap/audit.h"
#include "imap/door.h"
#include "imap/visit.h"

/* -- grammar -- */

/* identifier = astring */
static struct slice parse_identifier(struct cursor *c)
{
	struct slice s;

	expect(c, ' ', "expected an identifier");
	s = parse_astring(c);
	if (is_ok(c->e) && s.len > LIMIT_ACL_IDENTIFIER)
		fail_with(c, ERR_LIMIT, "identifier is too long");
	if (is_ok(c->e) && !acl_is_identifier(s))
		fail(c, "that is nobody's identifier");
	return s;
}

/* mod-rights = astring ; +rights to add, -rights to remove, else to replace */
static unsigned parse_mod_rights(struct cursor *c, enum acl_mode *mode)
{
	unsigned rights = 0;
	struct slice s;

	expect(c, ' ', "expected rights");
	s = parse_astring(c);
	*mode = slice_starts(s, S("+"))   ? ACL_ADD
	        : slice_starts(s, S("-")) ? ACL_REMOVE
	                                  : ACL_REPLACE;
	if (*mode != ACL_REPLACE)
		s = slice_from(s, 1);
	if (is_ok(c->e) && !rights_read(s, &rights))
		fail(c, "there is no such right");
	return rights;
}

static struct slice parse_named(struct cursor *c)
{
	expect(c, ' ', "expected a mailbox");
	return parse_mailbox(c);
}

/* -- changing -- */

/* Before it counts, so that nobody has rights to what he can't reach. */
static struct err tell_of_grant(struct session *s, struct slice identifier)
{
	const struct visit_office *office = s->config->visits;

	if (office == NULL || slice_starts(identifier, S("-")) ||
	    slice_eq(identifier, S("owner")) ||
	    slice_ieq(identifier, account_name(s->account)))
		return OK;
	return office->grant(office->ctx, account_id(s->account), identifier);
}

/* "bob@example.org +lr" */
static struct err record(struct session *s, struct slice name,
                         struct slice identifier, struct slice rights)
{
	return audit_change(s, name,
	                    arena_printf(s->arena, "%.*s %.*s",
	                                 (int)identifier.len, identifier.ptr,
	                                 (int)rights.len, rights.ptr));
}

struct err cmd_setacl(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice name = parse_named(&c);
	struct slice identifier = parse_identifier(&c);
	struct slice letters = slice_from(rest(&c), 1);
	enum acl_mode mode;
	unsigned rights = parse_mod_rights(&c, &mode);
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? door_named(s, name) : c.e;
	if (is_ok(e))
		e = record(s, name, identifier, letters);
	if (is_ok(e) && mode != ACL_REMOVE && rights != 0)
		e = tell_of_grant(s, identifier);
	if (is_ok(e))
		e = mailbox_set_acl(s->account, name, identifier, mode, rights);
	return e;
}

struct err cmd_deleteacl(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice name = parse_named(&c);
	struct slice identifier = parse_identifier(&c);
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? door_named(s, name) : c.e;
	if (is_ok(e))
		e = record(s, name, identifier, S("none"));
	if (is_ok(e))
		e = mailbox_set_acl(s->account, name, identifier, ACL_DELETE,
		                    0);
	return e;
}

/* -- telling -- */

static void reply_rights(struct buf *out, unsigned rights)
{
	if (rights == 0)
		buf_add(out, S("\"\""));
	else
		rights_write(rights, out);
}

static void reply_entry(struct buf *out, struct slice identifier,
                        unsigned rights)
{
	buf_byte(out, ' ');
	reply_astring(out, identifier);
	buf_byte(out, ' ');
	reply_rights(out, rights);
}

static struct identity owner_of(const struct session *s)
{
	return (struct identity){ .name = account_name(s->account),
		                  .is_owner = true };
}

/* The owner is in it, though not in the list. */
static void reply_acl(struct session *s, struct slice name,
                      const struct acl_entry *v, size_t n)
{
	struct buf *out = session_out(s);
	struct identity owner = owner_of(s);
	bool has_owner = false;

	buf_add(out, S("* ACL "));
	session_reply_name(s, name);
	for (size_t i = 0; i < n; i++)
		has_owner |= slice_ieq(v[i].identifier, owner.name);
	if (!has_owner)
		reply_entry(out, owner.name, acl_rights(v, n, &owner));
	for (size_t i = 0; i < n; i++)
		reply_entry(out, v[i].identifier,
		            slice_ieq(v[i].identifier, owner.name)
		                    ? v[i].rights | RIGHTS_OF_OWNER
		                    : v[i].rights);
	buf_add(out, S("\r\n"));
}

struct err cmd_getacl(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice name = parse_named(&c);
	struct acl_entry *v;
	size_t n;
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? door_named(s, name) : c.e;
	if (is_ok(e))
		e = mailbox_get_acl(s->account, name, s->arena, &v, &n);
	if (is_ok(e))
		reply_acl(s, name, v, n);
	return e;
}

/* What is always there, then each right that can be given alone; "c" and "d"
 * go with others (section 2.1.1). */
static void reply_listrights(struct buf *out, bool is_owner)
{
	unsigned always = is_owner ? RIGHTS_OF_OWNER : 0;

	buf_byte(out, ' ');
	reply_rights(out, always);
	for (unsigned right = 1; right < RIGHTS_ALL; right <<= 1) {
		if (right & always)
			continue;
		buf_byte(out, ' ');
		rights_write_plain(right, out);
	}
	buf_add(out, S(" c d\r\n"));
}

struct err cmd_listrights(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice name = parse_named(&c);
	struct slice identifier = parse_identifier(&c);
	struct identity owner = owner_of(s);
	struct buf *out = session_out(s);
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? door_named(s, name) : c.e;
	if (!is_ok(e))
		return e;
	buf_add(out, S("* LISTRIGHTS "));
	session_reply_name(s, name);
	buf_byte(out, ' ');
	reply_astring(out, identifier);
	reply_listrights(out, slice_eq(identifier, S("owner")) ||
	                              slice_ieq(identifier, owner.name));
	return OK;
}

void reply_myrights(struct session *s, struct slice name)
{
	struct buf *out = session_out(s);
	unsigned rights;

	if (!is_ok(mailbox_rights(s->account, name, &s->who, &rights)))
		return;
	if (s->read_only)
		rights &= RIGHT_LOOKUP | RIGHT_READ;
	buf_add(out, S("* MYRIGHTS "));
	session_reply_name(s, name);
	buf_byte(out, ' ');
	reply_rights(out, rights);
	buf_add(out, S("\r\n"));
}

struct err cmd_myrights(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice name = parse_named(&c);
	struct err e;

	expect_end(&c);
	e = is_ok(c.e) ? door_named(s, name) : c.e;
	if (is_ok(e))
		reply_myrights(s, name);
	return e;
}
