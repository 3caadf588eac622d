/*
 * mimepart.c -- from MIMEPART keys and a message's parts to yes or no.
 *
 * As search_run.c filters messages, each key here filters the parts of one
 * message: a set of part indices, one bit each. DEPTH alone depends on where
 * it stands (below CHILD it counts from the part that CHILD is asked for), so
 * what all other leaves and CHILD itself say of a part is kept in a memo and
 * found out once: however keys nest, a message costs at most its parts times
 * the keys, times the depths of its parts for those that are cheap.
 */
#include "imap/mimepart.h"

#include <stdlib.h>

#include "base/mem.h"
#include "imap/progress.h"

/* What a key has said of parts already. */
struct memo {
	uint64_t *known; /* NULL: of none */
	uint64_t *is;
};

struct mimepart {
	struct part_look look;
	uint32_t parts;
	size_t words; /* of a set */
	struct memo *memos;
	struct arena *arena;
};

static void run_key(struct mimepart *, const struct search_key *, uint32_t base,
                    const uint64_t *among, uint64_t *out);

enum { WORD = 64, LOOK_EVERY = 64 };

/* -- sets of parts -- */

static uint64_t *new_set(const struct mimepart *m)
{
	return mem_new(m->words, sizeof(uint64_t));
}

static void copy_set(const struct mimepart *m, uint64_t *to,
                     const uint64_t *from)
{
	memcpy(to, from, m->words * sizeof *to);
}

static bool has(const uint64_t *set, uint32_t i)
{
	return set[i / WORD] >> (i % WORD) & 1;
}

static void add(uint64_t *set, uint32_t i)
{
	set[i / WORD] |= (uint64_t)1 << (i % WORD);
}

static void add_range(uint64_t *set, uint32_t from, uint32_t end)
{
	for (uint32_t i = from; i < end; i++)
		add(set, i);
}

/* The first member from i on; m->parts when there is none. */
static uint32_t next(const struct mimepart *m, const uint64_t *set, uint32_t i)
{
	while (i < m->parts && !has(set, i)) {
		/* a word of none is passed over whole */
		i = set[i / WORD] == 0 ? (i / WORD + 1) * WORD : i + 1;
	}
	return i < m->parts ? i : m->parts;
}

static bool is_empty(const struct mimepart *m, const uint64_t *set)
{
	return next(m, set, 0) == m->parts;
}

static void keep(const struct mimepart *m, uint64_t *set, const uint64_t *with)
{
	for (size_t i = 0; i < m->words; i++)
		set[i] &= with[i];
}

static void drop(const struct mimepart *m, uint64_t *set, const uint64_t *what)
{
	for (size_t i = 0; i < m->words; i++)
		set[i] &= ~what[i];
}

static void unite(const struct mimepart *m, uint64_t *set, const uint64_t *with)
{
	for (size_t i = 0; i < m->words; i++)
		set[i] |= with[i];
}

/* -- leaves -- */

/* One more part has been looked at. False when a key has failed or the client
 * has gone. */
static bool go_on(struct mimepart *m)
{
	struct part_look *look = &m->look;

	if (++*look->looked_at % LOOK_EVERY == 0 && is_ok(look->e))
		look->e = session_progress(look->s, *look->looked_at);
	return is_ok(look->e);
}

static struct memo *memo_of(struct mimepart *m, const struct search_key *k)
{
	struct memo *memo = &m->memos[k->number];

	if (memo->known == NULL) {
		memo->known = arena_array(m->arena, m->words, sizeof(uint64_t));
		memo->is = arena_array(m->arena, m->words, sizeof(uint64_t));
	}
	return memo;
}

static void filter_depth(struct mimepart *m, const struct search_key *k,
                         uint32_t base, const uint64_t *among, uint64_t *out)
{
	for (uint32_t i = next(m, among, 0); i < m->parts && go_on(m);
	     i = next(m, among, i + 1)) {
		if (part_matches(&m->look, k, i, base))
			add(out, i);
	}
}

static void filter_leaf(struct mimepart *m, const struct search_key *k,
                        uint32_t base, const uint64_t *among, uint64_t *out)
{
	struct memo *memo = memo_of(m, k);

	if (k->field == MPART_DEPTH || k->field == MPART_DEPTH_MIN ||
	    k->field == MPART_DEPTH_MAX) {
		filter_depth(m, k, base, among, out);
		return;
	}
	for (uint32_t i = next(m, among, 0); i < m->parts && go_on(m);
	     i = next(m, among, i + 1)) {
		if (!has(memo->known, i) && part_matches(&m->look, k, i, base))
			add(memo->is, i);
		add(memo->known, i);
	}
	copy_set(m, out, among);
	keep(m, out, memo->is);
}

/* -- relations -- */

static void filter_parent(struct mimepart *m, const struct search_key *k,
                          uint32_t base, const uint64_t *among, uint64_t *out)
{
	const struct described *v = m->look.v;
	uint64_t *parents = new_set(m);
	uint64_t *found = new_set(m);

	for (uint32_t i = next(m, among, 1); i < m->parts;
	     i = next(m, among, i + 1))
		add(parents, v[i].parent);
	if (k->child == NULL)
		copy_set(m, found, parents);
	else
		run_key(m, k->child, base, parents, found);
	for (uint32_t i = next(m, among, 1); i < m->parts;
	     i = next(m, among, i + 1)) {
		if (has(found, v[i].parent))
			add(out, i);
	}
	free(parents);
	free(found);
}

/* Which of those that lie at that depth have a match below them? */
static void ask_below(struct mimepart *m, const struct search_key *k,
                      uint32_t depth, const uint64_t *todo, uint64_t *is)
{
	const struct described *v = m->look.v;
	uint64_t *below = new_set(m);
	uint64_t *found = new_set(m);

	for (uint32_t i = next(m, todo, 0); i < m->parts;
	     i = next(m, todo, i + 1)) {
		if (v[i].depth == depth)
			add_range(below, i + 1, v[i].end);
	}
	if (!is_empty(m, below))
		run_key(m, k->child, depth, below, found);
	for (uint32_t i = next(m, todo, 0); i < m->parts;
	     i = next(m, todo, i + 1)) {
		if (v[i].depth == depth && next(m, found, i + 1) < v[i].end)
			add(is, i);
	}
	free(below);
	free(found);
}

static void ask_children(struct mimepart *m, const struct search_key *k,
                         struct memo *memo, const uint64_t *todo)
{
	const struct described *v = m->look.v;
	uint32_t deepest = 0;

	for (uint32_t i = next(m, todo, 0); i < m->parts;
	     i = next(m, todo, i + 1)) {
		if (k->child == NULL && v[i].end > i + 1)
			add(memo->is, i);
		if (v[i].depth > deepest)
			deepest = v[i].depth;
	}
	for (uint32_t d = 0; k->child != NULL && d <= deepest; d++)
		ask_below(m, k, d, todo, memo->is);
	unite(m, memo->known, todo);
}

/* A part anywhere below: DEPTH 1 has those right below. Section 3.1 */
static void filter_child(struct mimepart *m, const struct search_key *k,
                         uint32_t base, const uint64_t *among, uint64_t *out)
{
	struct memo *memo = memo_of(m, k);
	uint64_t *todo = new_set(m);

	(void)base;
	copy_set(m, todo, among);
	drop(m, todo, memo->known);
	ask_children(m, k, memo, todo);
	copy_set(m, out, among);
	keep(m, out, memo->is);
	free(todo);
}

/* -- combinations -- */

/* Children in the order of their cost, as in search_run.c. */
static void run_and(struct mimepart *m, const struct search_key *k,
                    uint32_t base, const uint64_t *among, uint64_t *out)
{
	uint64_t *left = new_set(m);

	copy_set(m, out, among);
	for (int cost = 0; cost < SEARCH_KINDS; cost++) {
		for (const struct search_key *i = k->child; i != NULL;
		     i = i->next) {
			if ((int)i->cost != cost || is_empty(m, out))
				continue;
			memset(left, 0, m->words * sizeof *left);
			run_key(m, i, base, out, left);
			copy_set(m, out, left);
		}
	}
	free(left);
}

static void run_or(struct mimepart *m, const struct search_key *k,
                   uint32_t base, const uint64_t *among, uint64_t *out)
{
	uint64_t *rest = new_set(m);
	uint64_t *found = new_set(m);

	copy_set(m, rest, among);
	for (const struct search_key *i = k->child; i != NULL; i = i->next) {
		memset(found, 0, m->words * sizeof *found);
		run_key(m, i, base, rest, found);
		unite(m, out, found);
		drop(m, rest, found);
	}
	free(rest);
	free(found);
}

static void run_not(struct mimepart *m, const struct search_key *k,
                    uint32_t base, const uint64_t *among, uint64_t *out)
{
	uint64_t *found = new_set(m);

	run_key(m, k->child, base, among, found);
	copy_set(m, out, among);
	drop(m, out, found);
	free(found);
}

typedef void filter(struct mimepart *, const struct search_key *, uint32_t base,
                    const uint64_t *among, uint64_t *out);

static filter *const filters[SEARCH_KINDS] = {
	[SEARCH_AND] = run_and,
	[SEARCH_OR] = run_or,
	[SEARCH_NOT] = run_not,
	[SEARCH_PART] = filter_leaf,
	[SEARCH_PART_PARENT] = filter_parent,
	[SEARCH_PART_CHILD] = filter_child,
	[SEARCH_PART_HEADER] = filter_leaf,
	[SEARCH_PART_BODY] = filter_leaf,
};

/* Those among these parts that match go to out, which is empty. As deep as the
 * tree, which the parser has bounded. */
static void run_key(struct mimepart *m, const struct search_key *k,
                    uint32_t base, const uint64_t *among, uint64_t *out)
{
	/* it passes over all parts, also those that it isn't asked for */
	if (m->parts > LOOK_EVERY && is_ok(m->look.e))
		m->look.e = session_progress(m->look.s, *m->look.looked_at);
	if (go_on(m))
		filters[k->kind](m, k, base, among, out);
}

/* -- the message -- */

static struct err open_message(struct mimepart *m, const struct digest *d,
                               const struct search_key *k)
{
	struct part_look *look = &m->look;
	struct err e = digest_open(arena_copy(m->arena, d->raw), &look->digest);

	if (!is_ok(e))
		return e;
	m->parts = look->digest.parts;
	m->words = (m->parts + WORD - 1) / WORD;
	m->memos = arena_array(m->arena, k->number, sizeof *m->memos);
	look->v = arena_array(m->arena, m->parts, sizeof *look->v);
	return digest_describe(&look->digest, look->v);
}

static bool has_match(struct mimepart *m, const struct search_key *k)
{
	uint64_t *all = new_set(m);
	uint64_t *found = new_set(m);
	bool any;

	add_range(all, 0, m->parts);
	run_key(m, k->child, 0, all, found);
	any = !is_empty(m, found);
	free(all);
	free(found);
	return any;
}

struct err search_mimepart(struct session *s, struct mailbox *mailbox,
                           uint32_t uid, const struct digest *d,
                           const struct search_key *k, uint64_t *looked_at,
                           bool *matches)
{
	struct mimepart m = { .arena = arena_new(SIZE_MAX),
		              .look = { .s = s,
		                        .mailbox = mailbox,
		                        .uid = uid,
		                        .looked_at = looked_at } };

	m.look.e = open_message(&m, d, k);
	*matches = is_ok(m.look.e) && has_match(&m, k) && is_ok(m.look.e);
	if (m.look.blob != NULL)
		blob_close(m.look.blob);
	buf_free(&m.look.text);
	buf_free(&m.look.folded);
	arena_free(m.arena);
	return m.look.e;
}
