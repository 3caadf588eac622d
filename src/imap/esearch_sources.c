/* esearch_sources.c -- see esearch_sources.h. */
#include "imap/esearch_sources.h"

#include "base/limits.h"

/* -- grammar -- */

static void add_name(struct cursor *c, struct source *s, struct slice name)
{
	if (s->n == LIMIT_SOURCES)
		fail_with(c, ERR_LIMIT, "too many mailboxes are named");
	else
		s->names[s->n++] = name;
}

/* "", as in LIST, is what all of one's names are below. */
static struct slice parse_name(struct cursor *c, const struct source *s)
{
	return s->kind == SOURCE_MAILBOXES ? parse_mailbox(c)
	                                   : parse_mailbox_or_root(c);
}

/* one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")" */
static void parse_names(struct cursor *c, struct source *s)
{
	s->names = cursor_array(c, LIMIT_SOURCES, sizeof *s->names);
	expect(c, ' ', "expected a mailbox");
	if (!take(c, '(')) {
		add_name(c, s, parse_name(c, s));
		return;
	}
	do {
		add_name(c, s, parse_name(c, s));
	} while (take(c, ' '));
	expect(c, ')', "list of mailboxes does not end");
}

static const struct {
	struct slice name;
	enum source_kind kind;
	bool named;
} kinds[] = {
	{ N("INBOXES"), SOURCE_INBOXES, false },
	{ N("MAILBOXES"), SOURCE_MAILBOXES, true },
	{ N("PERSONAL"), SOURCE_PERSONAL, false },
	{ N("SELECTED"), SOURCE_SELECTED, false },
	{ N("SUBSCRIBED"), SOURCE_SUBSCRIBED, false },
	{ N("SUBTREE"), SOURCE_SUBTREE, true },
	{ N("SUBTREE-ONE"), SOURCE_SUBTREE_ONE, true },
};

/* filter-mailboxes = "selected" / "inboxes" / "personal" / "subscribed" /
 *                    ("subtree" / "subtree-one" / "mailboxes")
 *                    SP one-or-more-mailbox */
static struct source parse_source(struct cursor *c)
{
	struct source s = { 0 };
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!slice_ieq(kinds[i].name, name))
			continue;
		s.kind = kinds[i].kind;
		if (kinds[i].named)
			parse_names(c, &s);
		return s;
	}
	fail(c, "there is no such source of mailboxes");
	return s;
}

struct sources parse_sources(struct cursor *c)
{
	struct sources s = { cursor_array(c, LIMIT_SOURCES, sizeof *s.v), 0 };

	expect(c, '(', "expected a list of sources");
	do {
		if (s.n == LIMIT_SOURCES)
			fail_with(c, ERR_LIMIT, "too many sources");
		else
			s.v[s.n++] = parse_source(c);
	} while (take(c, ' '));
	expect(c, ')', "list of sources does not end");
	return s;
}

/* -- which they are -- */

/* How far below `top`, "" for what all is below, is it? 0: it is that; -1: it
 * isn't below. */
static int levels_below(struct slice name, struct slice top)
{
	int levels = top.len == 0;

	if (!slice_starts(name, top))
		return -1;
	name = slice_from(name, top.len);
	if (name.len != 0 && name.ptr[0] != '/' && top.len != 0)
		return -1;
	for (size_t i = 0; i < name.len; i++)
		levels += name.ptr[i] == '/';
	return levels;
}

static bool names_have(const struct source *s, struct slice name)
{
	static const int deepest[] = {
		[SOURCE_MAILBOXES] = 0,
		[SOURCE_SUBTREE_ONE] = 1,
		[SOURCE_SUBTREE] = LIMIT_NAME_LEVELS,
	};

	for (size_t i = 0; i < s->n; i++) {
		int levels = levels_below(name, s->names[i]);

		if (levels >= 0 && levels <= deepest[s->kind])
			return true;
	}
	return false;
}

static bool source_has(const struct source *s, const struct mailbox_info *m)
{
	switch (s->kind) {
	case SOURCE_PERSONAL:
		return true;
	case SOURCE_INBOXES:
		return slice_eq(m->name, S("INBOX"));
	case SOURCE_SUBSCRIBED:
		return m->subscribed;
	case SOURCE_SELECTED:
		return false;
	case SOURCE_MAILBOXES:
	case SOURCE_SUBTREE:
	case SOURCE_SUBTREE_ONE:
		break;
	}
	return names_have(s, m->name);
}

bool sources_have(const struct sources *sources, const struct mailbox_info *m)
{
	for (size_t i = 0; i < sources->n; i++)
		if (source_has(&sources->v[i], m))
			return true;
	return false;
}

bool sources_have_selected(const struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		if (sources->v[i].kind == SOURCE_SELECTED)
			return true;
	return false;
}

bool sources_have_others(const struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		if (sources->v[i].kind != SOURCE_SELECTED)
			return true;
	return false;
}
