/*
 * copy.c -- COPY, MOVE, EXPUNGE and their UID forms; REMOVE.
 * RFC 9051 sections 6.4.3, 6.4.7, 6.4.8; COPYUID: section 7.1
 */
#include "imap/copy.h"
#include "imap/audit.h"
#include "imap/door.h"
#include "imap/messagelimit.h"

/* copy = "COPY" SP sequence-set SP mailbox */
struct slice parse_copy(struct cursor *c, struct seq_set *set)
{
	struct slice name;

	expect(c, ' ', "expected a message set");
	*set = parse_sequence_set(c);
	expect(c, ' ', "expected a space behind the message set");
	name = parse_mailbox(c);
	expect_end(c);
	return name;
}

/* "COPYUID 38505 304,319:320 3956:3958", in the command's arena; "" for who
 * may not open the destination. RFC 9051 section 6.4.7 */
static struct slice copyuid(struct session *s, struct mailbox *destination,
                            const struct uidset *from, const struct uidset *to)
{
	struct mailbox_status status;
	struct buf text = { 0 };
	struct slice code;

	if (!(mailbox_rights_open(destination, &s->who) & RIGHT_READ))
		return S("");
	mailbox_get_status(destination, &status);
	buf_add(&text, S("COPYUID "));
	buf_number(&text, status.uidvalidity);
	buf_byte(&text, ' ');
	uidset_write(from, &text);
	buf_byte(&text, ' ');
	uidset_write(to, &text);
	code = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return code;
}

/* MOVE says where messages went before it says that they are gone. */
void reply_moved(struct session *s, struct slice code)
{
	struct buf *out = session_out(s);

	if (code.len == 0)
		return;
	buf_add(out, S("* OK ["));
	buf_add(out, code);
	buf_add(out, S("] Moved\r\n"));
}

static struct err copy_to(struct session *s, struct mailbox *destination,
                          const struct uidset *uids, bool move)
{
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	struct flag_rights may;
	struct err e = door_opened(s, destination, &may);

	if (is_ok(e) && move)
		e = audit_messages(s, uids, mailbox_name(destination));
	if (is_ok(e))
		e = mailbox_copy_allowed(view_mailbox(s->view), uids,
		                         destination, move, may, &from, &to);
	s->expunged += move ? uidset_count(&from) : 0;
	/* of a move that failed midway, what has been moved is told */
	if (!uidset_is_empty(&from)) {
		struct slice code = copyuid(s, destination, &from, &to);

		s->tell_modseq = move;
		if (move)
			reply_moved(s, code);
		else
			s->code = code;
	}
	uidset_free(&from);
	uidset_free(&to);
	return e;
}

static struct err copy_or_move(struct session *s, struct slice args, bool move)
{
	struct cursor c = args_cursor(s, args);
	struct seq_set set;
	struct slice name = parse_copy(&c, &set);
	struct mailbox *destination;
	struct uidset uids = { 0 };
	struct err e = c.e;

	if (is_ok(e))
		e = session_resolve(s, &set, session_set_kind(s), &uids);
	if (is_ok(e) && move && view_is_readonly(s->view))
		e = err(ERR_READONLY, "mailbox is selected read-only");
	if (is_ok(e) && move)
		session_limit_messages(s, &uids);
	else if (is_ok(e))
		e = session_check_messages(s, uidset_count(&uids));
	if (is_ok(e))
		e = session_all_there(s, &uids);
	if (is_ok(e))
		e = door_named(s, name);
	if (is_ok(e))
		e = mailbox_open(s->account, name, &destination);
	if (e.code == ERR_NONEXISTENT) {
		e = err(ERR_TRYCREATE, "there is no such mailbox");
	} else if (is_ok(e)) {
		e = copy_to(s, destination, &uids, move);
		mailbox_close(destination);
	}
	uidset_free(&uids);
	return e;
}

struct err cmd_copy(struct session *s, struct slice args)
{
	return copy_or_move(s, args, false);
}

struct err cmd_move(struct session *s, struct slice args)
{
	return copy_or_move(s, args, true);
}

/* Those of them that EXPUNGE is about count, no others. RFC 9738 section 3.1 */
static struct err limit_deleted(struct session *s, struct uidset *uids)
{
	struct uidset deleted = { 0 };
	struct uidset named = *uids;
	struct err e = OK;

	if (uidset_count(uids) <= session_messages_most(s))
		return OK;
	e = mailbox_find(view_mailbox(s->view), FLAG_DELETED, FLAG_DELETED, 0,
	                 &deleted);
	*uids = (struct uidset){ 0 };
	uidset_intersect(&named, &deleted, uids);
	session_limit_messages(s, uids);
	uidset_free(&named);
	uidset_free(&deleted);
	return e;
}

/* What is recorded is what goes, but for what others take away meanwhile. */
static struct err record_expunge(struct session *s, const struct uidset *uids,
                                 struct uidset *doomed)
{
	struct uidset deleted = { 0 };
	struct err e = mailbox_find(view_mailbox(s->view), FLAG_DELETED,
	                            FLAG_DELETED, 0, &deleted);

	if (uids != NULL)
		uidset_intersect(&deleted, uids, doomed);
	else
		uidset_copy(doomed, &deleted);
	uidset_free(&deleted);
	return is_ok(e) ? audit_messages(s, doomed, S("")) : e;
}

struct err session_expunge(struct session *s, const struct uidset *uids,
                           struct uidset *expunged)
{
	bool recorded = audit_wants_messages(s);
	struct uidset doomed = { 0 };
	struct err e = recorded ? record_expunge(s, uids, &doomed) : OK;

	if (is_ok(e))
		e = mailbox_expunge(view_mailbox(s->view),
		                    recorded ? &doomed : uids, expunged);
	s->expunged += uidset_count(expunged);
	uidset_free(&doomed);
	return e;
}

/* The EXPUNGE responses come from the view, before the tagged reply. */
struct err cmd_expunge(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct uidset expunged = { 0 };
	struct uidset uids = { 0 };
	struct seq_set set;
	struct err e;

	if (s->uid) {
		expect(&c, ' ', "expected a set of UIDs");
		set = parse_sequence_set(&c);
	}
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	if (view_is_readonly(s->view))
		return err(ERR_READONLY, "mailbox is selected read-only");
	e = s->uid ? session_resolve(s, &set, SET_UIDS, &uids) : OK;
	if (is_ok(e))
		e = limit_deleted(s, &uids);
	if (is_ok(e))
		e = session_expunge(s, s->uid ? &uids : NULL, &expunged);
	s->tell_modseq = !uidset_is_empty(&expunged);
	uidset_free(&uids);
	uidset_free(&expunged);
	return e;
}

struct err session_remove(struct session *s, const struct uidset *uids,
                          struct slice to)
{
	struct uidset removed = { 0 };
	struct err e = audit_messages(s, uids, to);

	if (is_ok(e))
		e = mailbox_remove(view_mailbox(s->view), uids, &removed);
	s->expunged += uidset_count(&removed);
	s->tell_modseq = !uidset_is_empty(&removed);
	uidset_free(&removed);
	return e;
}

/* remove = "REMOVE" [SP sequence-set], of UIDs: the second half of a MOVE to
 * another account, for which the home of a visit asks. Without UIDs it asks
 * whether it may. */
struct err cmd_remove(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct uidset uids = { 0 };
	struct seq_set set;
	bool asks = at_end(&c);
	struct err e;

	if (!asks) {
		expect(&c, ' ', "expected a set of UIDs");
		set = parse_sequence_set(&c);
	}
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	if (view_is_readonly(s->view))
		return err(ERR_READONLY, "mailbox is selected read-only");
	if (asks)
		return OK;
	e = session_resolve(s, &set, SET_UIDS, &uids);
	if (is_ok(e))
		e = session_remove(s, &uids, S(""));
	uidset_free(&uids);
	return e;
}
