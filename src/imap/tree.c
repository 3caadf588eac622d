/*
 * tree.c -- CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE.
 * RFC 9051 sections 6.3.4 to 6.3.8; CREATE (USE ...): RFC 6154 section 3
 */
#include "imap/audit.h"
#include "imap/door.h"
#include "imap/list.h"
#include "imap/objectid.h"
#include "imap/visit.h"
#include "mailbox/name.h"
#include "mailbox/special_use.h"

/* Someone else's choice of words: what the client wrote, if that is not the
 * name that the mailbox has. */
static struct slice parse_asked(struct cursor *c, struct slice *asked)
{
	struct cursor again = *c;
	struct slice name = parse_mailbox(c);

	*asked = is_ok(c->e) ? parse_mailbox_asked(&again) : name;
	return name;
}

static struct slice without_delim(struct slice name)
{
	return slice_ends(name, S("/")) ? slice_first(name, name.len - 1)
	                                : name;
}

static bool is_normal(struct slice name, struct slice asked)
{
	return slice_eq(name, without_delim(asked));
}

/* RFC 9051 section 6.3.9.7 */
static void tell_normalised(struct session *s, struct slice name,
                            struct slice asked)
{
	if (has_utf8(s) && !is_normal(name, asked))
		reply_list_renamed(s, name, asked);
}

/* use-attr = "\" atom */
static uint32_t parse_use(struct cursor *c)
{
	uint32_t use;

	expect(c, '\\', "expected a special use");
	use = special_use_of(parse_atom(c));
	if (is_ok(c->e) && use == 0)
		fail_with(c, ERR_USEATTR, "there is no such special use");
	return use;
}

/* create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")" */
static uint32_t parse_create_params(struct cursor *c)
{
	uint32_t use = 0;

	if (at_end(c))
		return 0;
	expect(c, ' ', "expected a space behind the mailbox");
	if (!take_word(c, S("(USE (")))
		fail(c, "expected (USE (...))");
	if (!take(c, ')')) {
		do {
			use |= parse_use(c);
		} while (take(c, ' '));
		expect(c, ')', "list of special uses does not end");
	}
	expect(c, ')', "list of parameters does not end");
	return use;
}

/* "MAILBOXID (F...)", RFC 8474 section 4.1 */
static struct slice mailboxid(struct session *s, struct slice name)
{
	struct mailbox_status status;
	struct buf text = { 0 };
	struct slice code;

	/* somebody may have deleted it already */
	if (!is_ok(mailbox_status(s->account, s->who.account, name, &status)))
		return S("");
	buf_add(&text, S("MAILBOXID ("));
	reply_mailboxid(&text, status.objectid);
	buf_byte(&text, ')');
	code = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return code;
}

struct err cmd_create(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice asked;
	struct slice name;
	uint32_t use;
	struct err e;

	expect(&c, ' ', "expected a mailbox");
	name = parse_asked(&c, &asked);
	use = parse_create_params(&c);
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	/* they are the owner's own, as in LIST */
	if (is_visit(s) && use != 0)
		return err(ERR_USEATTR, "a special use is its owner's");
	e = door_made(s, name);
	if (is_ok(e))
		e = mailbox_create(s->account, name, use);
	if (is_ok(e))
		s->code = mailboxid(s, name);
	if (is_ok(e))
		tell_normalised(s, name, asked);
	return e;
}

struct err cmd_delete(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice asked;
	struct slice name;
	bool selected;
	struct err e;

	expect(&c, ' ', "expected a mailbox");
	name = parse_asked(&c, &asked);
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	selected = session_has_selected(s, name);
	e = door_named(s, name);
	if (is_ok(e))
		e = audit_mailbox(s, name, S(""));
	if (is_ok(e))
		e = mailbox_delete(s->account, name);
	if (is_ok(e) && selected) {
		buf_add(session_out(s), S("* OK [CLOSED] Deleted\r\n"));
		session_unselect(s);
	}
	if (is_ok(e))
		tell_normalised(s, name, asked);
	return e;
}

/* INBOX has that name in any letter case, and keeps it. */
static bool is_moved_as_asked(struct slice from, struct slice asked)
{
	return slice_eq(from, S("INBOX")) || is_normal(from, asked);
}

/* Whichever of the names was not normal: what is told is the old one, as it was
 * asked for, and the new one, as it is. RFC 9051 section 6.3.6 */
struct err cmd_rename(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice from, asked_from;
	struct slice to, asked_to;
	struct err e;

	expect(&c, ' ', "expected a mailbox");
	from = parse_asked(&c, &asked_from);
	expect(&c, ' ', "expected the new name");
	e = c.e;
	to = parse_asked(&c, &asked_to);
	expect_end(&c);
	if (is_ok(e) && c.e.code == ERR_NONEXISTENT) /* not below our prefix */
		return err(ERR_CANNOT, "a mailbox stays in its account");
	if (!is_ok(c.e))
		return c.e;
	e = door_named(s, from);
	if (is_ok(e))
		e = door_made(s, to);
	if (is_ok(e))
		e = audit_mailbox(s, from, to);
	if (is_ok(e))
		e = mailbox_rename(s->account, from, to);
	if (is_ok(e) && has_utf8(s) &&
	    (!is_moved_as_asked(from, asked_from) || !is_normal(to, asked_to)))
		reply_list_renamed(s, to, asked_from);
	return e;
}

/* Of another's name what is behind the owner, as he has it: his INBOX, too, may
 * be written in any letters. */
static struct slice normal_there(struct session *s, struct slice name)
{
	struct buf normal = { 0 };
	struct slice prefix;

	if (!visit_prefix(s, name, &prefix))
		return name;
	if (is_ok(mailbox_name_normal(slice_from(name, prefix.len), &normal)))
		name = arena_printf(s->arena, "%.*s%.*s", (int)prefix.len,
		                    prefix.ptr, (int)normal.len, normal.data);
	buf_free(&normal);
	return name;
}

static struct err subscribe(struct session *s, struct slice args, bool on)
{
	struct cursor c = args_cursor(s, args);
	struct slice name;

	expect(&c, ' ', "expected a mailbox");
	name = normal_there(s, parse_mailbox(&c));
	expect_end(&c);
	return is_ok(c.e) ? mailbox_subscribe(s->account, name, on) : c.e;
}

struct err cmd_subscribe(struct session *s, struct slice args)
{
	return subscribe(s, args, true);
}

struct err cmd_unsubscribe(struct session *s, struct slice args)
{
	return subscribe(s, args, false);
}
