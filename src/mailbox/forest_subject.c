/*
 * forest_subject.c -- parents by base subject. RFC 5256 section 3
 *
 * Subjects are equal when their hashes are.
 */
#include "mailbox/forest_make.h"
#include "task/task.h"

/* -- ORDEREDSUBJECT -- */

/* The first message with a subject is the parent of all others. */
void forest_link_subjects(struct forester *t)
{
	struct hashmap first = { 0 };

	for (size_t i = 0; i < t->messages && forest_go_on(t, i); i++) {
		uint32_t node = t->date[i].at;
		uint32_t *place = hashmap_at(&first, t->facts[node].subject);

		t->v[node].parent = *place;
		if (*place == 0)
			*place = node;
	}
	hashmap_free(&first);
}

/* -- REFERENCES, step 5 -- */

/* Shall this thread stand for its subject, rather than the one that does? */
static bool is_better(const struct forester *t, uint32_t node, uint32_t than)
{
	if (forest_is_dummy(t, than))
		return false;
	return forest_is_dummy(t, node) ||
	       (t->facts[than].reply && !t->facts[node].reply);
}

/* Step 5 (B) */
static void choose_threads(struct forester *t, struct hashmap *chosen)
{
	for (size_t i = 0; i < t->n_roots && forest_go_on(t, i); i++) {
		uint32_t node = t->roots[i].at;
		uint32_t *place;

		if (t->facts[node].subject == 0)
			continue;
		place = hashmap_at(chosen, t->facts[node].subject);
		if (*place == 0 || is_better(t, node, *place))
			*place = node;
	}
}

/* A dummy below a dummy is looked through: its children are the other's. */
static void merge(struct forester *t, uint32_t node, uint32_t *chosen)
{
	uint32_t both;

	if (forest_is_dummy(t, *chosen) ||
	    (t->facts[node].reply && !t->facts[*chosen].reply)) {
		t->v[node].parent = *chosen;
		return;
	}
	both = forest_dummy(t);
	t->v[node].parent = both;
	t->v[*chosen].parent = both;
	*chosen = both;
}

/* Step 5 (C) */
void forest_merge_subjects(struct forester *t)
{
	struct hashmap chosen = { 0 };

	choose_threads(t, &chosen);
	for (size_t i = 0; i < t->n_roots && forest_go_on(t, i); i++) {
		uint32_t node = t->roots[i].at;
		uint32_t *place;

		if (t->facts[node].subject == 0)
			continue;
		place = hashmap_at(&chosen, t->facts[node].subject);
		if (*place != node)
			merge(t, node, place);
	}
	hashmap_free(&chosen);
}
