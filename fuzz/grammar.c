/*
 * grammar.c -- fuzzed: the parsers of FETCH and SEARCH stay inside their
 * text, and a FETCH that parses, written out, parses to the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "imap/fetch.h"
#include "imap/search.h"

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

/* The request as a client would write it; empty when it does not parse. */
static void rewrite_fetch(struct slice text, struct buf *out)
{
	struct arena *a = arena_new(1 << 20);
	struct cursor c = cursor_of(text, a, false);
	struct fetch_request r;

	if (is_ok(parse_fetch(&c, false, &r))) {
		write_set(out, &r.set);
		reply_fetch_request(out, &r);
	}
	arena_free(a);
}

static void check_fetch(struct slice text)
{
	struct buf once = { 0 };
	struct buf twice = { 0 };

	rewrite_fetch(text, &once);
	if (once.len != 0) {
		rewrite_fetch(buf_slice(&once), &twice);
		if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
			abort();
	}
	buf_free(&once);
	buf_free(&twice);
}

/* AND, OR and NOT have the children they must have. */
static void check_tree(const struct search_key *k)
{
	size_t children = 0;

	for (const struct search_key *i = k->child; i != NULL; i = i->next) {
		check_tree(i);
		children++;
	}
	if ((k->kind == SEARCH_OR && children != 2) ||
	    (k->kind == SEARCH_NOT && children != 1) ||
	    (k->kind == SEARCH_AND) != (children != 0 && k->kind < SEARCH_OR))
		abort();
}

static void check_search(struct slice text)
{
	struct arena *a = arena_new(1 << 20);
	struct cursor c = cursor_of(text, a, true);
	struct search_request r;

	if (is_ok(parse_search(&c, &r)))
		check_tree(r.root);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	check_fetch(text);
	check_search(text);
	return 0;
}
