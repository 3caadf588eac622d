/*
 * visit_replace.c -- messages that give way to others in another account: the
 * originals of a MOVE, and the one of a REPLACE.
 *
 * A REPLACE within one account is done there, as one change. Between two the
 * new message is on the disk before the old one goes, as with MOVE.
 */
#include "imap/append.h"
#include "imap/copy.h"
#include "imap/visit_parcels.h"
#include "imap/watch.h"

/* -- taking away -- */

/* "OK [HIGHESTMODSEQ n] ...": the code is the client's, too. */
static void take_code(struct session *s, struct slice said)
{
	struct slice code, rest;

	if (!slice_starts(said, S("OK [")))
		return;
	slice_cut(slice_from(said, 4), ']', &code, &rest);
	s->code = code;
}

static struct err remove_there(struct session *s, struct visit *from,
                               const struct uidset *uids)
{
	struct buf text = { 0 };
	struct slice said = S("");
	struct err e;

	if (s->away != from)
		return err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	buf_add(&text, s->tag);
	buf_add(&text, S(" REMOVE "));
	uidset_write(uids, &text);
	buf_add(&text, S("\r\n"));
	e = visit_say(from, buf_slice(&text));
	buf_free(&text);
	e = is_ok(e) ? visit_answer(s, from, s->tag, &said)
	             : visit_leave(s, from, e);
	if (!is_ok(e))
		return e;
	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	take_code(s, said);
	return OK;
}

struct err parcels_remove(struct parcels *p, struct visit *from,
                          struct slice to)
{
	if (from == NULL)
		return session_remove(p->s, &p->from, to);
	return remove_there(p->s, from, &p->from);
}

struct err visit_check_removal(struct session *s, struct visit *from)
{
	bool readonly =
		from != NULL ? s->away_readonly : view_is_readonly(s->view);

	if (readonly)
		return err(ERR_READONLY, "mailbox is selected read-only");
	return from != NULL ? visit_may_move(s, from) : OK;
}

/* -- REPLACE -- */

/* The one number of it, or "*". */
static void add_replaced(struct buf *out, const struct append_request *r)
{
	uint32_t number = r->replaced.v[0].first;

	if (number != 0)
		buf_number(out, number);
	else
		buf_byte(out, '*');
}

/* "* 3 FETCH (UID 7)", or with UIDONLY "* 7 UIDFETCH ()"; with more, perhaps.
 */
static bool parse_uid(struct session *s, struct slice line, uint32_t *uid)
{
	struct cursor c = cursor_of(line, s->arena, has_utf8(s));
	uint32_t n;

	if (!take_word(&c, S("* ")))
		return false;
	n = parse_number(&c);
	if (take_word(&c, S(" FETCH (UID ")))
		n = parse_nz_number(&c);
	else if (!take_word(&c, S(" UIDFETCH (")))
		return false;
	*uid = n;
	return is_ok(c.e);
}

/* *uid stays 0 when there is none. */
static struct err hear_uid(struct session *s, struct visit *v, uint32_t *uid,
                           struct slice *said)
{
	struct slice line;
	uint64_t octets;
	struct err e;

	for (;;) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || visit_is_tagged(line, S(ERRAND)))
			break;
		if (octets != 0 || !parse_uid(s, line, uid))
			e = visit_pass_line(s, v, line, octets);
		if (!is_ok(e))
			return e;
	}
	if (is_ok(e))
		*said = visit_said(s, line, S(ERRAND));
	return e;
}

/* A number is one that the client has been told: FETCH tells of no other. */
static struct err fetch_uid(struct session *s, struct visit *from,
                            const struct append_request *r, uint32_t *uid,
                            struct slice *said)
{
	struct buf text = { 0 };
	struct err e;

	buf_add(&text, s->uid ? S(ERRAND " UID FETCH ") : S(ERRAND " FETCH "));
	add_replaced(&text, r);
	buf_add(&text, S(" UID\r\n"));
	e = visit_say(from, buf_slice(&text));
	buf_free(&text);
	if (is_ok(e))
		e = hear_uid(s, from, uid, said);
	return is_ok(e) ? OK : visit_leave(s, from, e);
}

static struct err find_there(struct session *s, struct visit *from,
                             const struct append_request *r, uint32_t *uid)
{
	struct slice said;
	struct err e;

	/* a message that NOTIFY shows is not the one that gives way */
	notify_hush_there(s);
	if (s->away != from)
		return err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	e = fetch_uid(s, from, r, uid, &said);
	if (!is_ok(e))
		return e;
	notify_there(s);
	if (s->away != from)
		return err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	return *uid != 0 ? OK : err(ERR_NO, "there is no such message");
}

static struct err find_here(struct session *s, const struct append_request *r,
                            uint32_t *uid)
{
	struct err e = append_find_replaced(s, r, s->uid, uid);

	if (is_ok(e) && !uidset_has(mailbox_uids(view_mailbox(s->view)), *uid))
		e = err(ERR_EXPUNGEISSUED, "the message has been expunged");
	return e;
}

static struct err replace_there(struct session *s, struct visit *v,
                                const struct append_request *r)
{
	struct buf verb = { 0 };
	struct slice said = S("");
	struct err e;

	buf_add(&verb, s->uid ? S("UID REPLACE ") : S("REPLACE "));
	add_replaced(&verb, r);
	e = visit_send(s, v, buf_slice(&verb), r, &said);
	buf_free(&verb);
	return is_ok(e) ? visit_result(s, said) : e;
}

/* "OK [APPENDUID v uid] ...", or nothing if it has no code. */
static void tell_ready(struct session *s, struct slice said)
{
	struct slice code, rest;

	if (!slice_starts(said, S("OK [")))
		return;
	slice_cut(slice_from(said, 4), ']', &code, &rest);
	reply_replaced(s, code);
}

static struct err replace_across(struct parcels *p, struct visit *from,
                                 struct visit *to, struct slice name,
                                 uint32_t uid)
{
	struct slice said = S("");
	struct err e = parcels_append(p, to, name, &said);

	if (!is_ok(e))
		return e;
	if (!slice_starts(said, S("OK")))
		return visit_result(p->s, said);
	tell_ready(p->s, said);
	uidset_add(&p->from, uid);
	return parcels_remove(p, from, name);
}

struct err visit_replace(struct session *s, struct visit *to,
                         const struct append_request *r)
{
	struct parcels p = parcels_of(s, r);
	struct visit *from = s->away;
	uint32_t uid = 0;
	struct err e;

	if (from == NULL && s->view == NULL) /* it has just ended */
		return err(ERR_NOTNOW, "no mailbox is selected");
	if (from == to)
		return replace_there(s, to, r);
	e = visit_check_removal(s, from);
	if (is_ok(e))
		e = from != NULL ? find_there(s, from, r, &uid)
		                 : find_here(s, r, &uid);
	if (is_ok(e))
		e = replace_across(&p, from, to, r->mailbox, uid);
	uidset_free(&p.from);
	return e;
}
