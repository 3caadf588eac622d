/*
 * fetch_modifiers.c -- what stands behind the items of a FETCH, and which
 * messages it leaves.
 * RFC 4466 section 2.4; CHANGEDSINCE: RFC 7162 section 3.1.4.1; PARTIAL, of
 * UID FETCH: RFC 9394 section 3.3
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

static void take_partial(struct cursor *c, struct fetch_modifiers *m)
{
	expect(c, ' ', "expected a range of positions");
	m->partial = parse_partial_range(c);
}

static const struct {
	struct slice name;
	void (*take)(struct cursor *, struct fetch_modifiers *);
} modifiers[] = {
	{ N("CHANGEDSINCE"), take_changedsince },
	{ N("PARTIAL"), take_partial },
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
	bool partial = m->partial.from != 0;

	if (!m->changedsince && !partial)
		return;
	buf_add(out, S(" ("));
	if (m->changedsince) {
		buf_add(out, S("CHANGEDSINCE "));
		buf_number(out, m->since);
		if (m->vanished)
			buf_add(out, S(" VANISHED"));
	}
	if (m->changedsince && partial)
		buf_byte(out, ' ');
	if (partial) {
		buf_add(out, S("PARTIAL "));
		buf_add(out, m->partial.text);
	}
	buf_byte(out, ')');
}

/* Becomes those of `only` that are in it, and frees that. */
static void narrow_to(struct uidset *uids, struct uidset *only)
{
	struct uidset both = { 0 };

	uidset_intersect(uids, only, &both);
	uidset_copy(uids, &both);
	uidset_free(&both);
	uidset_free(only);
}

/* The page first, then what has changed of it. RFC 9394 section 3.4 */
struct err fetch_narrow(struct mailbox *mailbox,
                        const struct fetch_modifiers *m, struct uidset *uids)
{
	struct uidset only = { 0 };
	struct err e = OK;

	if (m->partial.from != 0) {
		positions_take(
			partial_positions(m->partial, uidset_count(uids)), uids,
			&only);
		narrow_to(uids, &only);
	}
	if (m->changedsince) {
		e = mailbox_find(mailbox, 0, 0, m->since, &only);
		narrow_to(uids, &only);
	}
	return e;
}
