/*
 * esearch_others.c -- the part of an ESEARCH that lives with others.
 *
 * Each owner's session is asked for its part, with the client's tag: the
 * sources that are his, and what stood behind them. What it answers goes to
 * the client as it is; what the visitor may not read is not there, so nothing
 * is said of it. One owner after the other, so that a visit can end where
 * there would be too many.
 */
#include "base/limits.h"
#include "imap/esearch_sources.h"
#include "imap/messagelimit.h"
#include "imap/owners.h"
#include "imap/visit_internal.h"

/* clang-format off */
static const struct {
	struct slice word; /* "" for none: one's own, or the selected one */
	enum reach reach;
} kinds[] = {
	[SOURCE_INBOXES]     = { N(""),            REACH_MAILBOX },
	[SOURCE_MAILBOXES]   = { N("mailboxes"),   REACH_MAILBOX },
	[SOURCE_PERSONAL]    = { N(""),            REACH_MAILBOX },
	[SOURCE_SELECTED]    = { N(""),            REACH_MAILBOX },
	[SOURCE_SUBSCRIBED]  = { N("mailboxes"),   REACH_MAILBOX },
	[SOURCE_SUBTREE]     = { N("subtree"),     REACH_SUBTREE },
	[SOURCE_SUBTREE_ONE] = { N("subtree-one"), REACH_CHILDREN },
};
/* clang-format on */

/* Those that lie with others become the names of SUBSCRIBED. */
static void name_subscribed(struct session *s, const struct sources *sources,
                            const struct mailbox_info *v, size_t n)
{
	struct slice *names = arena_array(s->arena, n + 1, sizeof *names);
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].subscribed && visit_is_name(s, v[i].name))
			names[found++] = v[i].name;
	for (size_t i = 0; i < sources->n; i++) {
		if (sources->v[i].kind != SOURCE_SUBSCRIBED)
			continue;
		sources->v[i].names = names;
		sources->v[i].n = found;
	}
}

static struct err find_owners(struct session *s, const struct sources *sources,
                              struct owners *out)
{
	struct err e = OK;

	if (s->away != NULL && sources_have_selected(sources))
		e = owners_add(s, out, slice_cstr(s->away->selected),
		               REACH_MAILBOX);
	for (size_t i = 0; i < sources->n; i++) {
		const struct source *from = &sources->v[i];

		for (size_t k = 0; k < from->n && is_ok(e); k++)
			e = owners_add(s, out, from->names[k],
			               kinds[from->kind].reach);
	}
	return e;
}

/* A source has so many names at most. */
static void write_names(struct session *s, struct buf *out, struct slice word,
                        const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i % LIMIT_SOURCES == 0) {
			buf_add(out, i == 0 ? S("") : S(") "));
			buf_add(out, word);
			buf_add(out, S(" ("));
		} else {
			buf_byte(out, ' ');
		}
		reply_mailbox(out, names[i], has_utf8(s));
	}
	buf_add(out, S(") "));
}

/* With a space behind each. */
static void write_sources(struct session *s, struct buf *out,
                          const struct sources *sources, struct slice owner)
{
	for (size_t i = 0; i < sources->n; i++) {
		const struct source *from = &sources->v[i];
		struct slice *his =
			arena_array(s->arena, from->n + 1, sizeof *his);
		size_t n = owners_names(s, owner, from->names, from->n,
		                        kinds[from->kind].reach, his);

		if (n != 0)
			write_names(s, out, kinds[from->kind].word, his, n);
	}
	if (s->away != NULL && sources_have_selected(sources) &&
	    slice_ieq(slice_cstr(s->away->prefix), owner))
		buf_add(out, S("selected "));
}

/* An owner who isn't there has no mailboxes. */
static struct err ask(struct session *s, const struct sources *sources,
                      struct slice owner, struct slice text)
{
	struct slice said = S("");
	struct visit *v;
	struct err e = visit_to(s, owner, &v);

	if (!is_ok(e))
		return e.code == ERR_NONEXISTENT ? OK : e;
	e = visit_say(v, text);
	e = is_ok(e) ? visit_answer(s, v, s->tag, &said) : visit_leave(s, v, e);
	if (is_ok(e) && slice_starts(said, S("OK")))
		session_take_limit(s, said);
	else if (is_ok(e))
		e = visit_result(s, said);
	/* there they may be all that is asked for; here they are not */
	if (s->limited_to != 0 && sources_have_others(sources))
		return session_check_messages(s, UINT64_MAX);
	return e;
}

static struct err search_owner(struct session *s, const struct sources *sources,
                               struct slice after, struct slice owner)
{
	struct buf text = { 0 };
	size_t before;
	struct err e = OK;

	buf_add(&text, s->tag);
	buf_add(&text, S(" ESEARCH IN ("));
	before = text.len;
	write_sources(s, &text, sources, owner);
	if (text.len > LIMIT_LINE - LIMIT_LINE / 4)
		e = err(ERR_LIMIT, "too many mailboxes are named");
	if (is_ok(e) && text.len != before) {
		text.data[text.len - 1] = ')';
		buf_add(&text, after);
		buf_add(&text, S("\r\n"));
		e = ask(s, sources, owner, buf_slice(&text));
	}
	buf_free(&text);
	return e;
}

struct err esearch_others(struct session *s, const struct sources *sources,
                          struct slice after, const struct mailbox_info *v,
                          size_t n)
{
	struct owners owners = { 0 };
	struct err e;

	name_subscribed(s, sources, v, n);
	e = find_owners(s, sources, &owners);
	for (size_t i = 0; i < owners.n && is_ok(e); i++)
		e = search_owner(s, sources, after, owners.v[i]);
	return e;
}
