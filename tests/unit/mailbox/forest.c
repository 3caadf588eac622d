/* forest.c -- threads that are deep, wide, looped, at random: each message is
 * in the forest once, and none is above itself. What they look like, the
 * transcripts say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "mailbox/forest.h"
#include "mailbox/sort.h"
#include "rig.h"

enum { MESSAGES = 300, NONE = -1 };

/* What message i says it answers, NONE, or what nobody has. */
typedef int answers(int i, unsigned seed);

static int chain(int i, unsigned seed)
{
	(void)seed;
	return i == 0 ? NONE : i - 1;
}

static int chain_backwards(int i, unsigned seed)
{
	(void)seed;
	return i == MESSAGES - 1 ? NONE : i + 1;
}

static int star(int i, unsigned seed)
{
	(void)seed;
	return i == 0 ? NONE : 0;
}

static int ring(int i, unsigned seed)
{
	(void)seed;
	return (i + 1) % MESSAGES;
}

static int any(int i, unsigned seed)
{
	unsigned n = ((unsigned)i * 2654435761u) ^ (seed * 40503u);

	return (int)((n >> 7) % (MESSAGES + 50));
}

static void append(struct rig *r, struct mailbox *m, int i, answers *answer,
                   unsigned seed)
{
	char text[400];
	int of = answer(i, seed);
	char references[100] = "";

	if (of != NONE)
		snprintf(references, sizeof references,
		         "References: <%d@x> <%d@x> <%d@x>\r\n",
		         any(i, seed + 1), any(of, seed), of);
	snprintf(text, sizeof text,
	         "Message-ID: <%d@x>\r\n%sSubject: %ss%d\r\n\r\nx\r\n",
	         seed != 0 && i % 9 == 0 ? 1 : i, references,
	         i % 3 ? "Re: " : "", i % 20);
	rig_append(r, m, text, 0);
}

/* Walks all of it, and counts. */
static void check_forest(const struct forest *f)
{
	bool *seen = mem_new(f->n, sizeof *seen);
	uint32_t node = 0;
	size_t messages = 0;

	while (true) {
		uint32_t child = f->v[node].child;

		assert_false(seen[node]);
		seen[node] = true;
		messages += f->v[node].uid != 0;
		if (child != 0) {
			assert_int_equal(f->v[child].parent, node);
			node = child;
			continue;
		}
		assert_true(node == 0 || f->v[node].uid != 0);
		while (node != 0 && f->v[node].next == 0)
			node = f->v[node].parent;
		if (node == 0)
			break;
		assert_int_equal(f->v[f->v[node].next].parent,
		                 f->v[node].parent);
		node = f->v[node].next;
	}
	assert_int_equal(messages, MESSAGES);
	free(seen);
}

/* Who has used up his time gets none; and what was begun is freed. */
static void check_late(struct mailbox *m, enum thread_algorithm a)
{
	const struct sort_key key = { SORT_SUBJECT, false };
	uint32_t order[MESSAGES];
	struct forest f;

	task_allow(1);
	task_yield();
	assert_int_equal(mailbox_forest(m, mailbox_uids(m), a, &f).code,
	                 ERR_LIMIT);
	assert_int_equal(mailbox_sort(m, mailbox_uids(m), &key, 1, order).code,
	                 ERR_LIMIT);
	task_allow(0);
	assert_true(is_ok(mailbox_sort(m, mailbox_uids(m), &key, 1, order)));
}

static void check_answers(struct rig *r, answers *answer, unsigned seed)
{
	struct mailbox *m;

	assert_true(is_ok(mailbox_create(r->account, S("box"), 0)));
	m = rig_open(r, "box");
	for (int i = 0; i < MESSAGES; i++)
		append(r, m, i, answer, seed);
	for (enum thread_algorithm a = 0; a <= THREAD_REFS; a++) {
		struct forest f;

		check_late(m, a);

		assert_true(is_ok(mailbox_forest(m, mailbox_uids(m), a, &f)));
		check_forest(&f);
		free(f.v);
	}
	mailbox_close(m);
	assert_true(is_ok(mailbox_delete(r->account, S("box"))));
}

static void test_shapes(struct rig *r)
{
	check_answers(r, chain, 0);
	check_answers(r, chain_backwards, 0);
	check_answers(r, star, 0);
	check_answers(r, ring, 0);
}

static void test_random(struct rig *r)
{
	for (unsigned seed = 1; seed <= 5; seed++)
		check_answers(r, any, seed);
}

/* What has been expunged meanwhile has nothing that is sorted by, whatever
 * was sorted by before. */
static void test_sort_of_gone(struct rig *r)
{
	const struct sort_key keys[] = { { .field = SORT_SUBJECT },
		                         { .field = SORT_TO },
		                         { .field = SORT_SIZE } };
	struct mailbox *m = rig_open(r, "INBOX");
	uint32_t order[40];
	struct uidset all;

	for (int i = 0; i < 40; i++) {
		char text[300];

		snprintf(text, sizeof text,
		         "Subject: %0140d\r\nTo: %060d@x\r\n\r\nx\r\n",
		         i * 7 % 40, i * 11 % 40);
		rig_append(r, m, text, 0);
	}
	rig_expunge(m, "3,9:12,40");
	all = rig_set("1:40");
	assert_true(is_ok(mailbox_sort(m, &all, keys, 3, order)));
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(order[i], i == 0 ? 3 : i == 5 ? 40 : 8 + i);
	uidset_free(&all);
	mailbox_close(m);
}

int main(void)
{
	const struct rig_case cases[] = {
		{ "shapes", test_shapes },
		{ "random", test_random },
		{ "sort of gone", test_sort_of_gone },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
