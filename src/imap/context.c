/*
 * context.c -- see context.h.
 *
 * A context has its program as text, read again into memory of its own, with
 * the message numbers of that time as UIDs. When the view has changed, only
 * messages whose MODSEQ has risen, and new ones, are searched again. The order
 * of two messages never changes, since what they are sorted by does not: so a
 * sorted result loses some of its members and gains others, no more.
 */
#include "imap/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

struct context {
	struct context *next;
	struct arena *arena; /* what the request is made of, and the tag */
	struct slice tag;
	bool uid;
	struct sort_request request;
	struct uidset result;
	uint32_t *order; /* the result, sorted; NULL: it is not */
	size_t n;        /* of them */
	uint64_t since;  /* MODSEQ up to which it is right */
	uint32_t last;   /* and the UID */
};

static void context_free(struct context *c)
{
	uidset_free(&c->result);
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
static void refuse(struct session *s, struct slice tag, const char *why)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* NO [NOUPDATE \""));
	buf_add(out, tag);
	buf_printf(out, "\"] %s\r\n", why);
}

void context_refuse(struct session *s)
{
	refuse(s, s->tag, "only one mailbox is kept up to date");
}

/* -- beginning -- */

static uint64_t highest_modseq(const struct session *s)
{
	struct mailbox_status status;

	mailbox_get_status(view_mailbox(s->view), &status);
	return status.highestmodseq;
}

struct err context_begin(const struct session *s,
                         const struct search_request *r, uint64_t *since)
{
	const struct context *c = s->contexts;

	*since = highest_modseq(s);
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

	if (k->kind == SEARCH_SET && !k->uid) {
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
		refuse(s, s->tag, why != NULL ? why : "it can't be kept");
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

/* -- telling -- */

static uint32_t number_of(const struct session *s, const struct context *c,
                          uint32_t uid)
{
	return c->uid ? uid : view_seq(s->view, uid);
}

static void tell_begin(struct session *s, const struct context *c,
                       struct slice item)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* ESEARCH (TAG \""));
	buf_add(out, c->tag);
	buf_add(out, c->uid ? S("\") UID ") : S("\") "));
	buf_add(out, item);
	buf_add(out, S(" ("));
}

static void tell_set(struct session *s, const struct context *c,
                     struct slice item, const struct uidset *uids)
{
	struct uidset seqs = { 0 };

	if (uidset_is_empty(uids))
		return;
	if (!c->uid)
		session_to_seqs(s, uids, &seqs);
	tell_begin(s, c, item);
	buf_add(session_out(s), S("0 "));
	uidset_write(c->uid ? uids : &seqs, session_out(s));
	buf_add(session_out(s), S(")\r\n"));
	uidset_free(&seqs);
}

/* Neighbours in an order, of which `which` are told: "3 7:9 12 4", each run
 * behind the position that it has when those before it have been done. */
static void tell_positions(struct session *s, const struct context *c,
                           struct slice item, const struct uidset *which,
                           bool stay)
{
	struct buf *out = session_out(s);
	size_t done = 0;
	bool any = false;

	for (size_t i = 0; i < c->n; i++) {
		if (!uidset_has(which, c->order[i]))
			continue;
		if (!any)
			tell_begin(s, c, item);
		else
			buf_byte(out, ' ');
		any = true;
		buf_number(out, i + 1 - (stay ? 0 : done));
		buf_byte(out, ' ');
		for (size_t first = i;
		     i < c->n && uidset_has(which, c->order[i]); i++, done++) {
			if (i != first)
				buf_byte(out, ',');
			buf_number(out, number_of(s, c, c->order[i]));
		}
	}
	if (any)
		buf_add(out, S(")\r\n"));
}

static void lose(struct session *s, struct context *c, struct uidset *lost)
{
	size_t n = 0;

	uidset_subtract(&c->result, lost);
	if (c->order == NULL) {
		tell_set(s, c, S("REMOVEFROM"), lost);
		return;
	}
	tell_positions(s, c, S("REMOVEFROM"), lost, false);
	for (size_t i = 0; i < c->n; i++)
		if (!uidset_has(lost, c->order[i]))
			c->order[n++] = c->order[i];
	c->n = n;
}

/* False: it grows too large, or can't be sorted. */
static bool gain(struct session *s, struct context *c, struct uidset *more)
{
	uint64_t n;
	uint32_t *order;

	if (uidset_is_empty(more))
		return true;
	uidset_union(&c->result, more);
	n = uidset_count(&c->result);
	if (c->result.n > LIMIT_CONTEXT_RANGES)
		return false;
	if (c->order == NULL) {
		tell_set(s, c, S("ADDTO"), more);
		return true;
	}
	if (n > LIMIT_CONTEXT_SORTED)
		return false;
	order = mem_new((size_t)n, sizeof *order);
	if (!is_ok(mailbox_sort(view_mailbox(s->view), &c->result,
	                        c->request.keys, c->request.n_keys, order))) {
		free(order);
		return false;
	}
	free(c->order);
	c->order = order;
	c->n = (size_t)n;
	tell_positions(s, c, S("ADDTO"), more, true);
	return true;
}

/* -- looking again -- */

/* Of the messages that the client knows: those that may match now, or no
 * longer. */
static struct err find_changed(struct session *s, const struct context *c,
                               struct uidset *out)
{
	struct uidset changed = { 0 };
	struct err e = OK;

	if (view_last_uid(s->view) > c->last)
		uidset_add_range(&changed, c->last + 1, UINT32_MAX);
	if (is_ok(e) && highest_modseq(s) > c->since) {
		struct uidset newer = { 0 };

		e = mailbox_find(view_mailbox(s->view), 0, 0, c->since, &newer);
		uidset_union(&changed, &newer);
		uidset_free(&newer);
	}
	uidset_intersect(&changed, view_uids(s->view), out);
	uidset_free(&changed);
	return e;
}

/* What is in a and not in b. */
static void difference(const struct uidset *a, const struct uidset *b,
                       struct uidset *out)
{
	uidset_copy(out, a);
	uidset_subtract(out, b);
}

static bool look_again(struct session *s, struct context *c)
{
	uint64_t since = highest_modseq(s);
	uint32_t last = view_last_uid(s->view);
	struct uidset changed = { 0 }, now = { 0 }, before = { 0 };
	struct uidset lost = { 0 }, more = { 0 };
	struct err e = find_changed(s, c, &changed);
	bool good;

	if (is_ok(e) && !uidset_is_empty(&changed))
		e = search_among(s, &c->request.search, &changed, &now);
	uidset_intersect(&c->result, &changed, &before);
	difference(&before, &now, &lost);
	difference(&now, &before, &more);
	good = is_ok(e);
	if (good) {
		lose(s, c, &lost);
		good = gain(s, c, &more);
	}
	c->since = since;
	c->last = last;
	uidset_free(&changed);
	uidset_free(&now);
	uidset_free(&before);
	uidset_free(&lost);
	uidset_free(&more);
	return good;
}

void contexts_tell(struct session *s)
{
	struct context **at = &s->contexts;

	while (*at != NULL && s->view != NULL && !s->view_gone) {
		struct context *c = *at;

		if (look_again(s, c)) {
			at = &c->next;
			continue;
		}
		refuse(s, c->tag, "it is too much to go on with");
		*at = c->next;
		context_free(c);
	}
}

/* Their numbers are good only before EXPUNGE. RFC 5267 section 4.3.4 */
void contexts_tell_expunges(struct session *s)
{
	const struct uidset *there = mailbox_uids(view_mailbox(s->view));

	for (struct context *c = s->contexts; c != NULL; c = c->next) {
		struct uidset gone = { 0 };

		difference(&c->result, there, &gone);
		lose(s, c, &gone);
		uidset_free(&gone);
	}
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
