/*
 * grammar.c -- fuzzed: the parsers of commands stay inside their text. What
 * parses, written out, parses to the same: a FETCH, a string, the name of a
 * mailbox, a list of flags, a date-time. A SEARCH is a tree whose keys have
 * the children that they must have, no deeper than may be.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "imap/date.h"
#include "imap/esearch_sources.h"
#include "imap/fetch.h"
#include "imap/list.h"
#include "imap/notify.h"
#include "imap/qresync.h"
#include "imap/reply.h"
#include "imap/sort_request.h"
#include "imap/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_set(struct buf *out, const struct seq_set *set)
{
	buf_byte(out, ' ');
	if (set->saved)
		buf_byte(out, '$');
	for (size_t i = 0; i < set->n; i++) {
		const uint32_t ends[] = { set->v[i].first, set->v[i].last };

		if (i != 0)
			buf_byte(out, ',');
		for (int end = 0; end < 2; end++) {
			if (end == 1)
				buf_byte(out, ':');
			if (ends[end] != 0)
				buf_number(out, ends[end]);
			else
				buf_byte(out, '*');
		}
	}
	buf_byte(out, ' ');
}

/* Each reads one production and, if it is there, writes it out. */

static void rewrite_fetch(struct cursor *c, struct buf *out)
{
	struct fetch_request r;

	if (!is_ok(parse_fetch(c, false, &r)))
		return;
	write_set(out, &r.set);
	reply_fetch_request(out, &r);
}

static void rewrite_astring(struct cursor *c, struct buf *out)
{
	struct slice s = parse_astring(c);

	if (is_ok(c->e))
		reply_astring(out, s);
}

static void rewrite_mailbox(struct cursor *c, struct buf *out)
{
	struct slice name = parse_mailbox(c);

	if (is_ok(c->e))
		reply_mailbox(out, name, c->utf8);
}

static void rewrite_flags(struct cursor *c, struct buf *out)
{
	struct flag_list list = parse_flags(c);

	if (!is_ok(c->e))
		return;
	reply_system_flags(out, list.flags);
	for (size_t i = 0; i < list.n_keywords; i++) {
		if (out->len != 0)
			buf_byte(out, ' ');
		buf_add(out, list.keywords[i]);
	}
}

static void rewrite_date_time(struct cursor *c, struct buf *out)
{
	struct date_time t = parse_date_time(c);

	if (is_ok(c->e))
		reply_date_time(out, t.seconds, t.zone);
}

typedef void rewrite_fn(struct cursor *, struct buf *);

static rewrite_fn *const productions[] = {
	rewrite_fetch, rewrite_astring,   rewrite_mailbox,
	rewrite_flags, rewrite_date_time,
};

static struct buf rewrite(rewrite_fn *fn, struct slice text, bool utf8)
{
	struct arena *a = arena_new(1 << 20);
	struct cursor c = cursor_of(text, a, utf8);
	struct buf out = { 0 };

	fn(&c, &out);
	arena_free(a);
	return out;
}

static void check_rewrite(rewrite_fn *fn, struct slice text, bool utf8)
{
	struct buf once = rewrite(fn, text, utf8);

	if (once.len != 0) {
		struct buf twice = rewrite(fn, buf_slice(&once), utf8);

		if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
			abort();
		buf_free(&twice);
	}
	buf_free(&once);
}

/* The keys of MIMEPART, and what is in it of AND, OR and NOT, have numbers of
 * their own below its own. */
static bool is_part_kind(enum search_kind kind)
{
	return kind == SEARCH_PART || kind == SEARCH_PART_PARENT ||
	       kind == SEARCH_PART_CHILD || kind == SEARCH_PART_HEADER ||
	       kind == SEARCH_PART_BODY;
}

static bool has_children(const struct search_key *k, size_t n)
{
	switch (k->kind) {
	case SEARCH_AND:
		return n != 0;
	case SEARCH_OR:
		return n == 2;
	case SEARCH_NOT:
	case SEARCH_MIMEPART:
		return n == 1;
	case SEARCH_PART_PARENT:
	case SEARCH_PART_CHILD:
		return n <= 1;
	default:
		return n == 0;
	}
}

/* part: the MIMEPART in which it stands, or NULL. */
static void check_tree(const struct search_key *k, size_t depth,
                       const struct search_key *part)
{
	size_t children = 0;
	bool in_part = k->kind <= SEARCH_NOT || is_part_kind(k->kind);

	if (depth > LIMIT_DEPTH || (part == NULL && is_part_kind(k->kind)) ||
	    (part != NULL && (!in_part || k->number >= part->number)))
		abort();
	for (const struct search_key *i = k->child; i != NULL; i = i->next) {
		check_tree(i, depth + 1, k->kind == SEARCH_MIMEPART ? k : part);
		children++;
	}
	if (!has_children(k, children))
		abort();
}

static void check_search(struct slice text)
{
	struct arena *a = arena_new(1 << 20);
	struct cursor c = cursor_of(text, a, true);
	struct search_request r;

	if (is_ok(parse_search(&c, &r)))
		check_tree(r.root, 0, NULL);
	arena_free(a);
}

/* A sort key counts once, and there is at least one. */
static void check_sort(struct slice text)
{
	struct arena *a = arena_new(1 << 20);
	struct cursor c = cursor_of(text, a, true);
	struct sort_request r;

	if (is_ok(parse_sort(&c, &r))) {
		if (r.n_keys == 0 || r.n_keys > SORT_FIELDS)
			abort();
		check_tree(r.search.root, 0, NULL);
	}
	arena_free(a);
}

/* Those that have no writer. */
static void check_others(struct slice text)
{
	struct arena *a = arena_new(1 << 20);
	struct list_request list;
	struct qresync qresync = { 0 };
	struct notify_request notify;
	struct cursor c = cursor_of(text, a, false);

	parse_list(&c, &list);
	c = cursor_of(text, a, false);
	parse_lsub(&c, &list);
	c = cursor_of(text, a, false);
	parse_xlist(&c, &list);
	c = cursor_of(text, a, false);
	parse_notify(&c, &notify);
	c = cursor_of(text, a, true);
	parse_sources(&c);
	c = cursor_of(text, a, false);
	parse_status_items(&c);
	c = cursor_of(text, a, false);
	parse_qresync(&c, &qresync);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	for (size_t i = 0; i < sizeof productions / sizeof *productions; i++) {
		check_rewrite(productions[i], text, false);
		check_rewrite(productions[i], text, true);
	}
	check_search(text);
	check_sort(text);
	check_others(text);
	return 0;
}
