/*
 * esearch.c -- ESEARCH: one search in many mailboxes. RFC 7377
 *
 * Mailboxes come from the account's own list, and each is opened as SELECT
 * would: what may not be read there is not searched here. Those of others are
 * searched where they live (esearch_others.c).
 */
#include "imap/context.h"
#include "imap/door.h"
#include "imap/esearch_sources.h"

struct esearch {
	struct sources sources;
	struct slice after; /* the text behind them */
	struct search_request search;
};

/* esearch = "ESEARCH" [SP "IN" SP sources] [SP search-return-opts]
 *           SP search-program */
static struct err parse_esearch(struct cursor *c, struct esearch *r)
{
	static const struct source selected = { .kind = SOURCE_SELECTED };

	*r = (struct esearch){ 0 };
	expect(c, ' ', "expected a search key");
	if (take_word(c, S("IN "))) {
		r->sources = parse_sources(c);
		expect(c, ' ', "expected a search key");
	} else {
		r->sources.v = cursor_array(c, 1, sizeof selected);
		r->sources.v[r->sources.n++] = selected;
	}
	r->after = slice_of(c->p - 1, (size_t)(c->end - c->p) + 1);
	parse_search_program(c, &r->search);
	/* every answer is an ESEARCH */
	if (!r->search.extended)
		r->search.returns = SEARCH_RETURN_ALL;
	r->search.extended = true;
	r->search.whole = sources_have_others(&r->sources);
	return c->e;
}

static struct err check(const struct session *s, const struct esearch *r)
{
	bool selected = s->view != NULL || s->away != NULL;

	if (!selected && sources_have_selected(&r->sources))
		return err(ERR_NOTNOW, "no mailbox is selected");
	if (!selected && !is_visit(s) && r->search.returns & SEARCH_UPDATE)
		return err(ERR_NOTNOW, "no mailbox is selected");
	if (r->search.returns & SEARCH_SAVE && sources_have_others(&r->sources))
		return err(ERR_SYNTAX,
		           "only of the selected mailbox is a result kept");
	/* also where there is no mailbox to look into */
	return search_allowed(s, &r->search);
}

/* No answer about a mailbox where nothing was found. */
static struct err search_in(struct session *s, const struct esearch *r,
                            struct view *view)
{
	struct search_found found = { .view = view,
		                      .uid = true,
		                      .named = true };
	struct err e =
		search_run(s, view, &r->search, &found.uids, &found.relevancy);

	found.n = uidset_count(&found.uids);
	if (is_ok(e) && found.n != 0)
		e = search_answer(s, &r->search, &found, S("ESEARCH"));
	else if (r->search.returns & SEARCH_SAVE)
		uidset_clear(&s->saved);
	search_found_free(&found);
	return e;
}

static void ignore_news(void *arg)
{
	(void)arg;
}

/* One that was deleted meanwhile, or may not be read, has nothing. */
static struct err search_mailbox(struct session *s, const struct esearch *r,
                                 struct slice name)
{
	struct mailbox *mailbox;
	struct view *view;
	struct err e = door_named(s, name);

	if (is_ok(e))
		e = mailbox_open(s->account, name, &mailbox);
	if (e.code == ERR_NONEXISTENT || e.code == ERR_NOPERM)
		return OK;
	if (!is_ok(e))
		return e;
	if (s->view != NULL && view_mailbox(s->view) == mailbox) {
		e = search_in(s, r, s->view);
	} else {
		view = view_new(mailbox, s->who.account, true, ignore_news,
		                NULL);
		e = search_in(s, r, view);
		view_free(view);
	}
	mailbox_close(mailbox);
	return e;
}

static struct err search_all(struct session *s, const struct esearch *r)
{
	bool selected = sources_have_selected(&r->sources);
	struct mailbox_info *v;
	size_t n;
	struct err e = mailbox_list(s->account, s->arena, &v, &n);

	for (size_t i = 0; i < n && is_ok(e); i++) {
		bool wanted = sources_have(&r->sources, &v[i]) ||
		              (selected && session_has_selected(s, v[i].name));

		if (wanted && v[i].exists && !v[i].noselect)
			e = search_mailbox(s, r, v[i].name);
	}
	if (is_ok(e) && !is_visit(s))
		e = esearch_others(s, &r->sources, r->after, v, n);
	return e;
}

struct err cmd_esearch(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct esearch r;
	struct err e = parse_esearch(&c, &r);

	if (is_ok(e))
		e = check(s, &r);
	/* said once, at home */
	if (is_ok(e) && r.search.returns & SEARCH_UPDATE && !is_visit(s))
		context_refuse(s, "only one mailbox is kept up to date");
	if (is_ok(e) && r.search.modseq) /* also if none of them is there */
		session_enable_condstore(s);
	if (is_ok(e))
		e = search_all(s, &r);
	return search_end(s, &r.search, e);
}
