/*
 * visit_replace.c -- messages that give way to others in another account: the
 * originals of a MOVE, and the one of a REPLACE.
 *
 * A REPLACE within one account is done there, as one change. Between two the
 * new message is on the disk before the old one goes, as with MOVE.
 */
#include <inttypes.h>

#include "imap/append.h"
#include "imap/copy.h"
#include "imap/visit_parcels.h"

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
	buf_add(&text, S("visit REMOVE "));
	uidset_write(uids, &text);
	buf_add(&text, S("\r\n"));
	e = visit_say(from, buf_slice(&text));
	buf_free(&text);
	e = is_ok(e) ? visit_answer(s, from, S("visit"), &said)
	             : visit_leave(s, from, e);
	if (!is_ok(e))
		return e;
	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	take_code(s, said);
	return OK;
}

struct err parcels_remove(struct session *s, struct visit *from,
                          const struct uidset *uids, struct slice to)
{
	return from != NULL ? remove_there(s, from, uids)
	                    : session_remove(s, uids, to);
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

/* "* ESEARCH (TAG "visit") UID MIN 7"; *uid stays 0 when there is none. */
static struct err hear_uid(struct session *s, struct visit *v, uint32_t *uid)
{
	static const struct slice found =
		N("* ESEARCH (TAG \"visit\") UID MIN ");
	struct slice line;
	uint64_t octets;
	uint64_t n = 0;
	struct err e;

	for (;;) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || visit_is_tagged(line, S("visit")))
			break;
		if (slice_starts(line, found))
			slice_number(slice_from(slice_first(line, line.len - 2),
			                        found.len),
			             &n);
		else if (!slice_starts(line, S("* ESEARCH (TAG \"visit\")")))
			e = visit_pass_line(s, v, line, octets);
		if (!is_ok(e))
			break;
	}
	*uid = n <= UINT32_MAX ? (uint32_t)n : 0;
	return e;
}

/* The lowest UID that matches; 0: there is none. */
static struct err search_there(struct session *s, struct visit *from,
                               struct slice key, uint32_t *uid)
{
	struct err e = visit_say(from, S("visit UID SEARCH RETURN (MIN) "));

	if (is_ok(e))
		e = visit_say(from, key);
	if (is_ok(e))
		e = visit_say(from, S("\r\n"));
	if (is_ok(e))
		e = hear_uid(s, from, uid);
	if (!is_ok(e))
		return visit_leave(s, from, e);
	if (s->away != from)
		return err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	return OK;
}

static const struct err expunged = { ERR_EXPUNGEISSUED,
	                             "the message has been expunged" };

/* What has gone, and is not told yet, has its number and no size. */
static struct err check_there(struct session *s, struct visit *from,
                              uint32_t uid)
{
	struct buf key = { 0 };
	uint32_t there;
	struct err e;

	buf_printf(&key, "UID %" PRIu32 " LARGER 0", uid);
	e = search_there(s, from, buf_slice(&key), &there);
	buf_free(&key);
	return is_ok(e) && there == 0 ? expunged : e;
}

static struct err find_there(struct session *s, struct visit *from,
                             const struct append_request *r, uint32_t *uid)
{
	struct buf key = { 0 };
	struct err e;

	buf_add(&key, s->uid ? S("UID ") : S(""));
	add_replaced(&key, r);
	e = search_there(s, from, buf_slice(&key), uid);
	buf_free(&key);
	if (!is_ok(e))
		return e;
	if (*uid != 0)
		return check_there(s, from, *uid);
	return s->uid ? err(ERR_NO, "there is no such message")
	              : err(ERR_SYNTAX, "there is no such message number");
}

static struct err find_here(struct session *s, const struct append_request *r,
                            uint32_t *uid)
{
	struct err e = append_find_replaced(s, r, s->uid, uid);

	if (is_ok(e) && !uidset_has(mailbox_uids(view_mailbox(s->view)), *uid))
		return expunged;
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

static struct err replace_across(struct session *s, struct visit *from,
                                 struct visit *to,
                                 const struct append_request *r, uint32_t uid)
{
	struct parcels p = parcels_of(s, r);
	struct slice said = S("");
	struct err e = parcels_append(&p, to, r->mailbox, &said);

	if (!is_ok(e))
		return e;
	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	tell_ready(s, said);
	uidset_add(&p.from, uid);
	e = parcels_remove(s, from, &p.from, r->mailbox);
	uidset_free(&p.from);
	return e;
}

struct err visit_replace(struct session *s, struct visit *to,
                         const struct append_request *r)
{
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
	return is_ok(e) ? replace_across(s, from, to, r, uid) : e;
}
