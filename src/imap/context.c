/*
 * context.c -- how results come to be kept up to date, and cease to be.
 *
 * A context has its program as text, read again into memory of its own, with
 * the message numbers of that time, and "$", as UIDs.
 */
#include "imap/context_internal.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

void context_free(struct context *c)
{
	uidset_free(&c->result);
	uidset_free(&c->lost);
	uidset_free(&c->more);
	uidset_free(&c->joining);
	free(c->order);
	arena_free(c->arena);
	free(c);
}

void contexts_free(struct session *s)
{
	while (s->contexts != NULL) {
		struct context *c = s->contexts;

		s->contexts = c->next;
		context_free(c);
	}
}

static struct context **find(struct session *s, struct slice tag)
{
	struct context **at = &s->contexts;

	while (*at != NULL && !slice_eq((*at)->tag, tag))
		at = &(*at)->next;
	return at;
}

static size_t count(const struct session *s)
{
	size_t n = 0;

	for (const struct context *c = s->contexts; c != NULL; c = c->next)
		n++;
	return n;
}

/* Tags have no quotes or backslashes. */
void context_stop(struct session *s, struct slice tag, const char *why)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* NO [NOUPDATE \""));
	buf_add(out, tag);
	buf_printf(out, "\"] %s\r\n", why);
}

void context_refuse(struct session *s, const char *why)
{
	context_stop(s, s->tag, why);
}

/* -- beginning -- */

uint64_t context_highest_modseq(const struct session *s)
{
	struct mailbox_status status;

	mailbox_get_status(view_mailbox(s->view), &status);
	return status.highestmodseq;
}

struct err context_begin(const struct session *s,
                         const struct search_request *r, uint64_t *since)
{
	const struct context *c = s->contexts;

	*since = context_highest_modseq(s);
	while (c != NULL && !slice_eq(c->tag, s->tag))
		c = c->next;
	if (r->returns & SEARCH_UPDATE && c != NULL)
		return err(ERR_SYNTAX, "tag reuse");
	return OK;
}

static struct seq_set set_of(struct context *c, const struct uidset *uids)
{
	struct seq_set set = { arena_array(c->arena, uids->n, sizeof *set.v),
		               uids->n, false };

	for (size_t i = 0; i < uids->n; i++)
		set.v[i] =
			(struct seq_range){ uids->v[i].first, uids->v[i].last };
	return set;
}

/* As deep as the tree, which the parser has bounded. False: there is too much
 * to be remembered. */
static bool freeze(struct session *s, struct context *c, struct search_key *k)
{
	struct uidset named = { 0 };
	bool fits = true;

	if (k->kind == SEARCH_SET && (!k->uid || k->set.saved)) {
		session_resolve(s, &k->set, SET_SEARCHED, &named);
		fits = named.n <= LIMIT_CONTEXT_RANGES;
		if (fits)
			k->set = set_of(c, &named);
		k->kind = named.n != 0 ? SEARCH_SET : SEARCH_NONE;
		k->uid = true;
		uidset_free(&named);
	}
	for (struct search_key *i = k->child; i != NULL && fits; i = i->next)
		fits = freeze(s, c, i);
	return fits && !arena_is_full(c->arena);
}

static const char *cannot_keep(const struct session *s, struct slice args,
                               const struct search_found *found)
{
	uint64_t most =
		found->order != NULL ? LIMIT_CONTEXT_SORTED : UINT64_MAX;

	if (count(s) >= LIMIT_CONTEXTS)
		return "too many contexts";
	if (args.len > LIMIT_CONTEXT_TEXT)
		return "the program is too long";
	if (found->n > most || found->uids.n > LIMIT_CONTEXT_RANGES)
		return "the result is too large";
	if (s->limited_to != 0)
		return "not all messages have been looked at";
	return NULL;
}

static struct context *context_new(struct session *s, struct slice args,
                                   struct err (*parse)(struct cursor *,
                                                       struct sort_request *))
{
	struct context *c = mem_new(1, sizeof *c);
	struct cursor cursor;

	c->arena = arena_new(LIMIT_CONTEXT_ARENA);
	c->tag = arena_copy(c->arena, s->tag);
	c->uid = s->uid;
	cursor = cursor_of(arena_copy(c->arena, args), c->arena, has_utf8(s));
	if (is_ok(parse(&cursor, &c->request)) &&
	    freeze(s, c, c->request.search.root))
		return c;
	context_free(c);
	return NULL;
}

void context_keep(struct session *s, struct slice args,
                  struct err (*parse)(struct cursor *, struct sort_request *),
                  const struct search_found *found, uint64_t since)
{
	const char *why = cannot_keep(s, args, found);
	struct context *c = NULL;

	if (why == NULL)
		c = context_new(s, args, parse);
	if (c == NULL) {
		context_stop(s, s->tag, why != NULL ? why : "it can't be kept");
		return;
	}
	uidset_copy(&c->result, &found->uids);
	c->n = (size_t)found->n;
	if (found->order != NULL)
		c->order = mem_copy(found->order, c->n * sizeof *c->order);
	c->since = since;
	c->last = view_last_uid(s->view);
	c->next = s->contexts;
	s->contexts = c;
}

/* -- CANCELUPDATE -- */

/* cancelupdate = "CANCELUPDATE" 1*(SP quoted) */
struct err cmd_cancelupdate(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice tags[LIMIT_CONTEXTS];
	size_t n = 0;

	do {
		expect(&c, ' ', "expected the tag of a search");
		if (n == LIMIT_CONTEXTS)
			fail(&c, "there are not so many searches");
		else
			tags[n++] = parse_string(&c);
	} while (!at_end(&c));
	for (size_t i = 0; i < n && is_ok(c.e); i++)
		if (*find(s, tags[i]) == NULL)
			fail(&c, "no such search is kept up to date");
	for (size_t i = 0; i < n && is_ok(c.e); i++) {
		struct context **at = find(s, tags[i]);
		struct context *found = *at;

		if (found == NULL)
			continue;
		*at = found->next;
		context_free(found);
	}
	return c.e;
}
