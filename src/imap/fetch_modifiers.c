/*
 * fetch_modifiers.c -- what stands behind the items of a FETCH, and which
 * messages it leaves.
 * RFC 4466 section 2.4; CHANGEDSINCE: RFC 7162 section 3.1.4.1
 */
#include "imap/fetch.h"

/* "CHANGEDSINCE" SP mod-sequence-value; 0, which some clients send, is before
 * every change. */
static void take_changedsince(struct cursor *c, struct fetch_modifiers *m)
{
	expect(c, ' ', "expected a modification sequence");
	m->changedsince = true;
	m->since = parse_number64(c);
}

static void take_vanished(struct cursor *c, struct fetch_modifiers *m)
{
	(void)c;
	m->vanished = true;
}

static const struct {
	struct slice name;
	void (*take)(struct cursor *, struct fetch_modifiers *);
} modifiers[] = {
	{ N("CHANGEDSINCE"), take_changedsince },
	{ N("VANISHED"), take_vanished },
};

static void parse_fetch_modifier(struct cursor *c, struct fetch_modifiers *m)
{
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
		if (!slice_ieq(modifiers[i].name, name))
			continue;
		modifiers[i].take(c, m);
		return;
	}
	fail(c, "there is no such FETCH modifier");
}

/* fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")" */
void parse_fetch_modifiers(struct cursor *c, struct fetch_modifiers *m)
{
	*m = (struct fetch_modifiers){ 0 };
	if (!take(c, ' '))
		return;
	expect(c, '(', "expected a list of modifiers");
	do {
		parse_fetch_modifier(c, m);
	} while (take(c, ' '));
	expect(c, ')', "list of modifiers does not end");
	if (m->vanished && !m->changedsince)
		fail(c, "VANISHED needs CHANGEDSINCE");
}

void reply_fetch_modifiers(struct buf *out, const struct fetch_modifiers *m)
{
	if (!m->changedsince)
		return;
	buf_add(out, S(" (CHANGEDSINCE "));
	buf_number(out, m->since);
	if (m->vanished)
		buf_add(out, S(" VANISHED"));
	buf_byte(out, ')');
}

struct err fetch_narrow(struct mailbox *mailbox,
                        const struct fetch_modifiers *m, struct uidset *uids)
{
	struct uidset newer = { 0 };
	struct uidset both = { 0 };
	struct err e;

	if (!m->changedsince)
		return OK;
	e = mailbox_find(mailbox, 0, 0, m->since, &newer);
	uidset_intersect(uids, &newer, &both);
	uidset_copy(uids, &both);
	uidset_free(&newer);
	uidset_free(&both);
	return e;
}
