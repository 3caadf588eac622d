/*
 * forest.c -- see forest.h. The steps are those of RFC 5256 section 3,
 * REFERENCES; the other algorithms leave some of them out.
 */
#include "mailbox/forest.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "mailbox/forest_make.h"
#include "task/task.h"

enum { SLICE = 64 }; /* messages between two looks at the clock */

static const uint64_t most_messages = UINT32_MAX / 16;

/* -- nodes -- */

uint32_t forest_dummy(struct forester *t)
{
	if (t->n == t->cap) {
		t->cap += t->cap / 2 + 64;
		t->v = mem_resize(t->v, t->cap, sizeof *t->v);
		t->facts = mem_resize(t->facts, t->cap, sizeof *t->facts);
	}
	t->v[t->n] = (struct forest_node){ 0 };
	t->facts[t->n] = (struct forest_facts){ 0 };
	return (uint32_t)t->n++;
}

/* Those on the way are then directly below what was found. */
uint32_t forest_above(struct forester *t, uint32_t dummy)
{
	uint32_t top = dummy;

	while (forest_is_dummy(t, top) && t->v[top].parent != 0)
		top = t->v[top].parent;
	while (dummy != top) {
		uint32_t next = t->v[dummy].parent;

		t->v[dummy].parent = top;
		dummy = next;
	}
	return top;
}

bool forest_go_on(struct forester *t, size_t n)
{
	if (n % SLICE == 0 && is_ok(t->e))
		t->e = task_go_on();
	return is_ok(t->e);
}

/* -- reading -- */

/* The node of a message; asked for in order of UID. 0: it has none. */
static uint32_t node_of(const struct forester *t, uint32_t uid, uint32_t *last)
{
	uint32_t node = *last;

	while (node < t->messages && t->v[node].uid < uid)
		node++;
	*last = node;
	return t->v[node].uid == uid ? node : 0;
}

static void read_digest(struct forester *t, uint32_t node,
                        const struct digest *d)
{
	struct forest_facts *facts = &t->facts[node];
	struct slice subject = digest_field(d, DIGEST_BASE_SUBJECT);

	if (t->algorithm != THREAD_ORDEREDSUBJECT)
		forest_read_ids(t, node, d);
	facts->reply = d->flags & DIGEST_IS_REPLY;
	if (t->algorithm != THREAD_REFS && subject.len != 0)
		facts->subject = hash_keyed(subject) | 1;
}

/* INTERNALDATE of these messages to each one's date, or to its thread's when
 * `top` says which that is, if that is later. */
static void read_arrivals(struct forester *t, const struct uidset *uids,
                          const uint32_t *top)
{
	struct record_walk w = mailbox_walk(t->mailbox, uids);
	uint32_t last = 1;
	struct record r;
	size_t n = 0;

	while (forest_go_on(t, n++) && record_walk_next(&w, &r)) {
		uint32_t node = node_of(t, r.uid, &last);
		int64_t *date = &t->facts[top != NULL ? top[node] : node].date;

		if (top == NULL || *date < r.internaldate)
			*date = r.internaldate;
	}
	if (is_ok(t->e))
		t->e = w.e;
}

static void read_digests(struct forester *t)
{
	struct digest_walk w = mailbox_digest_walk(t->mailbox, t->uids);
	struct uidset undated = { 0 };
	uint32_t last = 1;
	struct digest d;
	uint32_t uid;
	size_t n = 0;

	while (forest_go_on(t, n++) && digest_walk_next(&w, &uid, &d)) {
		uint32_t node = node_of(t, uid, &last);

		t->facts[node].date = d.sent;
		if (!(d.flags & DIGEST_HAS_DATE))
			uidset_add(&undated, uid);
		read_digest(t, node, &d);
	}
	if (is_ok(t->e))
		t->e = w.e;
	if (is_ok(t->e))
		read_arrivals(t, &undated, NULL);
	uidset_free(&undated);
}

static void sort(struct forester *t, struct order_entry **v, size_t n)
{
	if (is_ok(t->e))
		t->e = order_sort(v, &t->spare, n);
}

static void sort_by_date(struct forester *t)
{
	for (size_t i = 0; i < t->messages && forest_go_on(t, i); i++) {
		t->date[i].at = (uint32_t)i + 1;
		t->date[i].key = order_key(t->facts[i + 1].date);
	}
	sort(t, &t->date, t->messages);
}

/* -- threads -- */

static void add_root(struct forester *t, uint32_t node)
{
	t->roots[t->n_roots++].at = node;
}

/* A dummy has the subject of its first child. Its child, while this goes on,
 * says that it is in the list. */
static void add_dummy_root(struct forester *t, uint32_t dummy, uint32_t first)
{
	if (t->v[dummy].child != 0)
		return;
	t->v[dummy].child = first;
	t->facts[dummy].subject = t->facts[first].subject;
	add_root(t, dummy);
}

/* Threads in the order of their first message: `date` to `roots`. */
static void list_roots(struct forester *t)
{
	t->n_roots = 0;
	for (size_t i = 0; i < t->messages && forest_go_on(t, i); i++) {
		uint32_t node = t->date[i].at;
		uint32_t parent = t->v[node].parent;

		if (parent != 0 && forest_is_dummy(t, parent))
			parent = t->v[node].parent = forest_above(t, parent);
		if (parent == 0)
			add_root(t, node);
		else if (forest_is_dummy(t, parent))
			add_dummy_root(t, parent, node);
	}
	for (size_t i = 0; i < t->n_roots; i++)
		t->v[t->roots[i].at].child = 0;
}

/* -- REFS: threads by their latest arrival -- */

/* The root of each node's thread. */
static uint32_t *find_tops(struct forester *t)
{
	uint32_t *top = mem_new(t->n, sizeof *top);

	for (uint32_t node = 0; node < t->n; node++)
		top[node] = t->v[node].parent != 0 ? t->v[node].parent : node;
	for (uint32_t node = 0; node < t->n && forest_go_on(t, node); node++) {
		uint32_t end = node;

		while (top[end] != end)
			end = top[end];
		for (uint32_t i = node; i != end;) {
			uint32_t next = top[i];

			top[i] = end;
			i = next;
		}
	}
	return top;
}

static void sort_by_arrival(struct forester *t)
{
	uint32_t *top = find_tops(t);

	for (size_t i = 0; i < t->n_roots; i++)
		t->facts[t->roots[i].at].date = INT64_MIN;
	read_arrivals(t, t->uids, top);
	free(top);
	for (size_t i = 0; i < t->n_roots; i++)
		t->roots[i].key = order_key(t->facts[t->roots[i].at].date);
	sort(t, &t->roots, t->n_roots);
}

/* -- the forest -- */

static void put_first(struct forester *t, uint32_t parent, uint32_t node)
{
	t->v[node].parent = parent;
	t->v[node].next = t->v[parent].child;
	t->v[parent].child = node;
}

/* From the last to the first, so that each is put before those behind it. */
static void arrange(struct forester *t)
{
	for (size_t i = t->messages; i-- != 0 && forest_go_on(t, i);) {
		uint32_t node = t->date[i].at;

		if (t->v[node].parent != 0)
			put_first(t, t->v[node].parent, node);
	}
	for (size_t i = t->n_roots; i-- != 0 && forest_go_on(t, i);)
		put_first(t, 0, t->roots[i].at);
}

static void run(struct forester *t)
{
	read_digests(t);
	if (!is_ok(t->e))
		return;
	if (t->algorithm != THREAD_ORDEREDSUBJECT)
		forest_link_ids(t);
	sort_by_date(t);
	if (t->algorithm == THREAD_ORDEREDSUBJECT)
		forest_link_subjects(t);
	list_roots(t);
	if (t->algorithm == THREAD_REFERENCES) {
		forest_merge_subjects(t);
		list_roots(t);
	}
	if (t->algorithm == THREAD_REFS)
		sort_by_arrival(t);
	arrange(t);
}

static void start(struct forester *t)
{
	uint32_t uid = 0;

	t->messages = (size_t)uidset_count(t->uids);
	t->cap = t->messages + 1;
	t->v = mem_new(t->cap, sizeof *t->v);
	t->facts = mem_new(t->cap, sizeof *t->facts);
	t->date = mem_new(t->messages, sizeof *t->date);
	t->spare = mem_new(t->messages, sizeof *t->spare);
	t->roots = mem_new(t->messages, sizeof *t->roots);
	hashmap_expect(&t->by_id, t->messages);
	for (t->n = 1; uidset_next(t->uids, &uid); t->n++)
		t->v[t->n].uid = uid;
}

static void end(struct forester *t)
{
	free(t->facts);
	free(t->date);
	free(t->spare);
	free(t->roots);
	hashmap_free(&t->by_id);
	buf_free(&t->ids);
}

struct err mailbox_forest(struct mailbox *m, const struct uidset *uids,
                          enum thread_algorithm algorithm, struct forest *out)
{
	struct forester t = { .mailbox = m,
		              .uids = uids,
		              .algorithm = algorithm };

	if (uidset_count(uids) > most_messages)
		return err(ERR_LIMIT, "too many messages to thread");
	start(&t);
	run(&t);
	end(&t);
	if (!is_ok(t.e)) {
		free(t.v);
		return t.e;
	}
	*out = (struct forest){ t.v, t.n };
	return OK;
}
