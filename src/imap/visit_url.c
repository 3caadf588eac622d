/*
 * visit_url.c -- CATENATE: what a URL names in another's mailbox. RFC 4469
 *
 * A visit of its own opens the mailbox, reads the part and is left: whatever
 * is selected, here or there, stays so.
 */
#include "imap/append.h"
#include "imap/url.h"
#include "imap/visit_internal.h"

/* A command with this tag has been said to it. */
static const struct slice tag = N("url");

static struct err say(struct visit *v, struct buf *text)
{
	struct err e;

	buf_add(text, S("\r\n"));
	e = visit_say(v, buf_slice(text));
	buf_free(text);
	return e;
}

/* *e: what its tagged answer means. */
static bool is_answer(struct slice line, struct err *e)
{
	if (!visit_is_tagged(line, tag))
		return false;
	line = slice_from(line, tag.len + 1);
	if (slice_starts(line, S("NO [NOPERM]")))
		*e = err(ERR_NOPERM, "not permitted");
	else if (slice_starts(line, S("NO [UNAVAILABLE]")) ||
	         slice_starts(line, S("NO [SERVERBUG]")))
		*e = err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	else if (!slice_starts(line, S("OK")))
		*e = err(ERR_ABSENT, "there is no such part");
	return true;
}

/* -- the mailbox -- */

static void take_uidvalidity(struct slice line, uint64_t *out)
{
	const struct slice before = S("* OK [UIDVALIDITY ");
	struct slice number, rest;

	if (slice_starts(line, before) &&
	    slice_cut(slice_from(line, before.len), ']', &number, &rest))
		slice_number(number, out);
}

static struct err examine(struct visit *v, const struct imap_url *u)
{
	struct buf text = { 0 };
	uint64_t uidvalidity = 0;
	struct slice line;
	uint64_t octets;
	struct err e;

	buf_add(&text, S("url EXAMINE "));
	reply_mailbox(&text, u->mailbox, false);
	e = say(v, &text);
	while (is_ok(e)) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || is_answer(line, &e))
			break;
		take_uidvalidity(line, &uidvalidity);
	}
	if (is_ok(e) && u->uidvalidity != 0 && u->uidvalidity != uidvalidity)
		return err(ERR_ABSENT, "there is no such part");
	return e;
}

/* -- the part -- */

static uint64_t at_most_32_bits(uint64_t n)
{
	return n <= UINT32_MAX ? n : UINT32_MAX;
}

static struct err ask_for_part(struct visit *v, const struct imap_url *u)
{
	struct buf text = { 0 };

	buf_printf(&text, "url UID FETCH %u (BODY.PEEK", (unsigned)u->uid);
	reply_section(&text, &u->section);
	if (u->partial) {
		buf_byte(&text, '<');
		buf_number(&text, at_most_32_bits(u->offset));
		buf_byte(&text, '.');
		buf_number(&text, u->most != 0 ? at_most_32_bits(u->most)
		                               : UINT32_MAX);
		buf_byte(&text, '>');
	}
	buf_byte(&text, ')');
	return say(v, &text);
}

static struct err take_octets(struct session *s, struct visit *v,
                              uint64_t octets)
{
	struct append *a = s->append;
	struct err e = append_check_size(s, octets);
	struct slice some;

	a->current += octets;
	while (octets != 0 && is_ok(e)) {
		e = visit_octets(v, &octets, &some);
		if (is_ok(e))
			e = incoming_write_binary(a->messages[a->n - 1], some);
	}
	return e;
}

static struct err read_part(struct session *s, struct visit *v,
                            const struct imap_url *u)
{
	struct err e = ask_for_part(v, u);
	bool found = false;
	struct slice line;
	uint64_t octets;

	while (is_ok(e)) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || is_answer(line, &e))
			break;
		if (slice_find(line, S(" BODY[")) == SLICE_NONE ||
		    slice_ends(line, S(" NIL)\r\n")))
			continue;
		found = true;
		e = take_octets(s, v, octets);
	}
	return is_ok(e) && !found ? err(ERR_ABSENT, "there is no such part")
	                          : e;
}

struct err visit_url(struct session *s, const struct imap_url *u)
{
	struct visit *v;
	struct err e = visit_aside(s, u->mailbox, &v);

	if (!is_ok(e))
		return e;
	e = examine(v, u);
	if (is_ok(e))
		e = read_part(s, v, u);
	visit_leave(s, v, OK);
	return e.code == ERR_CLOSED
	               ? err(ERR_UNAVAILABLE, "the mailbox is out of reach")
	               : e;
}
