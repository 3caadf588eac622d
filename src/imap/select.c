/*
 * select.c -- SELECT, EXAMINE, CLOSE, UNSELECT.
 * RFC 9051 sections 6.3.2, 6.3.3, 6.4.1, 6.4.2
 */
#include "imap/context.h"
#include "imap/copy.h"
#include "imap/door.h"
#include "imap/list.h"
#include "imap/objectid.h"
#include "imap/qresync.h"
#include "imap/quota.h"
#include "imap/visit.h"

struct select_request {
	struct slice name;
	struct cursor asked; /* the name as it was written */
	bool condstore;
	struct qresync qresync;
};

bool session_has_selected(const struct session *s, struct slice name)
{
	return s->view != NULL &&
	       slice_eq(mailbox_name(view_mailbox(s->view)), name);
}

void session_unselect(struct session *s)
{
	contexts_free(s);
	if (s->view != NULL)
		view_free(s->view);
	s->view = NULL;
	s->view_gone = false;
	s->keywords_told = 0;
	uidset_free(&s->saved);
	visit_unselect(s);
}

static void reply_unseen(struct session *s)
{
	uint32_t uid;

	if (is_rev2(s) || is_uidonly(s))
		return;
	if (!is_ok(view_first_unseen(s->view, &uid)))
		return;
	if (uid == 0 || view_seq(s->view, uid) == 0)
		return;
	buf_printf(session_out(s), "* OK [UNSEEN %u] First unseen message\r\n",
	           view_seq(s->view, uid));
}

static void reply_selected(struct session *s, struct slice asked)
{
	struct buf *out = session_out(s);
	struct mailbox_status status;

	mailbox_get_status(view_mailbox(s->view), &status);
	session_tell_permanent(s);
	buf_printf(out, "* %u EXISTS\r\n", view_exists(s->view));
	if (is_rev2(s))
		reply_list_selected(s, asked);
	else
		buf_add(out, S("* 0 RECENT\r\n"));
	reply_unseen(s);
	session_tell_overquota(s);
	buf_printf(out, "* OK [UIDVALIDITY %u] UIDs are valid\r\n",
	           status.uidvalidity);
	buf_printf(out, "* OK [UIDNEXT %u] Next UID\r\n", status.uidnext);
	session_tell_highestmodseq(s);
	buf_add(out, S("* OK [MAILBOXID ("));
	reply_mailboxid(out, status.objectid);
	buf_add(out, S(")] Its own\r\n"));
}

/* select-param = "CONDSTORE" / "QRESYNC" SP ... */
static void parse_select_param(struct cursor *c, struct select_request *r)
{
	struct slice name = parse_atom(c);

	if (slice_ieq(name, S("CONDSTORE")))
		r->condstore = true;
	else if (slice_ieq(name, S("QRESYNC")))
		parse_qresync(c, &r->qresync);
	else
		fail(c, "there is no such parameter");
}

/* select-params = SP "(" select-param *(SP select-param) ")" */
static void parse_select_params(struct cursor *c, struct select_request *r)
{
	if (!take(c, ' '))
		return;
	expect(c, '(', "expected a list of parameters");
	do {
		parse_select_param(c, r);
	} while (take(c, ' '));
	expect(c, ')', "list of parameters does not end");
}

/* RFC 4314 section 5.2 */
static bool may_change(const struct session *s, struct mailbox *mailbox)
{
	return mailbox_rights_open(mailbox, &s->who) &
	       (RIGHT_INSERT | RIGHT_EXPUNGE | RIGHT_SEEN | RIGHT_WRITE |
	        RIGHT_DELETED);
}

/* select = "SELECT" SP mailbox [select-params]
 * An error that is_bad() is what changes nothing; with another one, such as of
 * a name that no mailbox can have, all has been read. */
static struct err parse_select(struct session *s, struct slice args,
                               struct select_request *r)
{
	struct cursor c = args_cursor(s, args);

	*r = (struct select_request){ 0 };
	expect(&c, ' ', "expected a mailbox");
	r->asked = c;
	r->name = parse_mailbox(&c);
	parse_select_params(&c, r);
	expect_end(&c);
	if (c.e.code == ERR_SYNTAX)
		return c.e;
	if (r->qresync.asked && !has_qresync(s))
		return err(ERR_NOTNOW, "QRESYNC is not enabled");
	if (r->qresync.seqs.n != 0 && is_uidonly(s))
		return err(ERR_UIDREQUIRED, "UIDONLY is enabled");
	return c.e;
}

bool select_is_bad(struct session *s, struct slice args)
{
	struct select_request r;

	return is_bad(parse_select(s, args, &r));
}

static struct err select_mailbox(struct session *s, struct slice args,
                                 bool readonly)
{
	struct select_request r;
	struct mailbox *mailbox;
	struct err e = parse_select(s, args, &r);

	if (is_bad(e))
		return e;
	/* also a SELECT that fails leaves nothing selected */
	if (s->view != NULL || s->away != NULL)
		buf_add(session_out(s),
		        S("* OK [CLOSED] Previous mailbox\r\n"));
	session_unselect(s);
	if (!is_ok(e))
		return e;
	if (r.condstore)
		session_enable_condstore(s);
	e = door_if_there(s, r.name);
	if (is_ok(e))
		e = mailbox_open(s->account, r.name, &mailbox);
	if (!is_ok(e))
		return e;
	readonly = readonly || s->read_only || !may_change(s, mailbox);
	s->view =
		view_new(mailbox, s->who.account, readonly, session_on_news, s);
	s->shown = view_last_uid(s->view);
	mailbox_close(mailbox);
	reply_selected(s, parse_mailbox_asked(&r.asked));
	s->code = readonly ? S("READ-ONLY") : S("READ-WRITE");
	e = session_resync(s, &r.qresync);
	if (!is_ok(e))
		session_unselect(s);
	return e;
}

struct err cmd_select(struct session *s, struct slice args)
{
	return select_mailbox(s, args, false);
}

struct err cmd_examine(struct session *s, struct slice args)
{
	return select_mailbox(s, args, true);
}

struct err cmd_close(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct uidset expunged = { 0 };
	struct err e = OK;

	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	/* who may not expunge only closes, RFC 4314 section 4 */
	if (!view_is_readonly(s->view) && door_rights(s) & RIGHT_EXPUNGE)
		e = session_expunge(s, NULL, &expunged);
	uidset_free(&expunged);
	if (is_ok(e))
		session_unselect(s);
	return e;
}

struct err cmd_unselect(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);

	expect_end(&c);
	if (is_ok(c.e))
		session_unselect(s);
	return c.e;
}
