/*
 * visit_copy.c -- COPY and MOVE from account to account: from a visit's
 * mailbox, to one, or from one to another.
 *
 * What is copied is read here and appended there. Only when that has been
 * acknowledged, which means that it is on the disk, MOVE takes the originals
 * away: who is interrupted in between has both.
 */
#include "imap/copy.h"
#include "imap/door.h"
#include "imap/visit_parcels.h"

/* -- the commands -- */

/* "OK [APPENDUID v uids] ..." and the originals: COPYUID; "" without one. */
static struct slice copyuid(struct session *s, struct slice said,
                            const struct uidset *from)
{
	struct slice uids, rest, uidvalidity;
	struct buf text = { 0 };
	struct slice code;

	if (!slice_starts(said, S("OK [APPENDUID ")))
		return S("");
	slice_cut(slice_from(said, 14), ']', &rest, &uids);
	slice_cut(rest, ' ', &uidvalidity, &uids);
	buf_add(&text, S("COPYUID "));
	buf_add(&text, uidvalidity);
	buf_byte(&text, ' ');
	uidset_write(from, &text);
	buf_byte(&text, ' ');
	buf_add(&text, uids);
	code = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return code;
}

/* They have come to `name`, or `said` says why not. */
static struct err finish(struct parcels *p, struct visit *from,
                         struct slice name, struct slice said, bool move)
{
	struct session *s = p->s;
	struct slice code = copyuid(s, said, &p->from);

	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	if (!move) {
		s->code = code;
		return OK;
	}
	reply_moved(s, code);
	return parcels_remove(p, from, name);
}

static struct err check_selected(struct session *s, struct visit *from,
                                 bool move)
{
	struct err e = move ? visit_check_removal(s, from) : OK;

	return is_ok(e) && from == NULL ? door_selected(s) : e;
}

struct err visit_copy(struct session *s, struct visit *from, struct visit *to,
                      struct slice args, bool move)
{
	struct cursor c = args_cursor(s, args);
	struct parcels p = parcels_new(s);
	struct slice said = S("");
	struct slice text, rest;
	struct seq_set set;
	struct slice name = parse_copy(&c, &set);
	struct err e = c.e;

	p.in_parts = move;
	slice_cut(slice_from(args, 1), ' ', &text, &rest);
	if (is_ok(e) && from == NULL && s->view == NULL) /* it has just ended */
		e = err(ERR_NOTNOW, "no mailbox is selected");
	if (is_ok(e))
		e = check_selected(s, from, move);
	if (is_ok(e))
		e = from != NULL ? parcels_collect_there(&p, from, text)
		                 : parcels_collect_own(&p, &set);
	if (is_ok(e) && p.n != 0)
		e = parcels_append(&p, to, name, &said);
	if (is_ok(e) && p.n != 0)
		e = finish(&p, from, name, said, move);
	parcels_free(&p);
	return e;
}
