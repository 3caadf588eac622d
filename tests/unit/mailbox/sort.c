/* sort.c -- orders of very many messages, first and again: those that a plain
 * comparison of the texts gives. What SORT looks like, the transcripts say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "mailbox/ranks.h"
#include "mailbox/sort.h"
#include "rig.h"

enum { MESSAGES = RANKS_LEAST + 200, TEXT = 400 };

/* In the form that is compared. */
typedef void subject_of(unsigned i, char out[TEXT]);

/* Few of them are the same, many begin alike. */
static void short_subject(unsigned i, char out[TEXT])
{
	snprintf(out, TEXT, "WEEK %u OF %u", i * 7919 % 53, i * 31 % 700);
}

static void no_subject(unsigned i, char out[TEXT])
{
	out[0] = '\0';
	if (i % 3 != 0)
		snprintf(out, TEXT, "X%u", i % 90);
}

/* Told apart by what is not held. */
static void long_subject(unsigned i, char out[TEXT])
{
	snprintf(out, TEXT, "%0*u %u", (int)(100 + i % 4 * 50), 0,
	         i * 7919 % 400);
}

struct letters {
	struct mailbox *mailbox;
	subject_of *subject;
	struct uidset uids;
};

static void append(struct rig *r, struct letters *l, unsigned n)
{
	struct new_message *v = mem_new(n, sizeof *v);
	uint32_t *uids = mem_new(n, sizeof *uids);

	for (unsigned i = 0; i < n; i++) {
		char subject[TEXT], text[TEXT + 50];
		unsigned uid = (unsigned)uidset_count(&l->uids) + 1;

		l->subject(uid, subject);
		snprintf(text, sizeof text, "Subject: %s\r\n\r\n%.*s", subject,
		         (int)(uid % 10), "0123456789");
		v[i] = (struct new_message){ .message = rig_incoming(r, text),
			                     .internaldate = uid % 5 };
		uidset_add(&l->uids, uid);
	}
	assert_true(is_ok(mailbox_append(l->mailbox, v, n, uids)));
	for (unsigned i = 0; i < n; i++)
		incoming_free(v[i].message);
	free(uids);
	free(v);
}

/* By subject or by second of arrival, at last by UID. */
static int compare(const struct letters *l, const struct sort_key *keys,
                   size_t n_keys, uint32_t a, uint32_t b)
{
	char of_a[TEXT], of_b[TEXT];
	int order = 0;

	for (size_t i = 0; i < n_keys && order == 0; i++) {
		l->subject(a, of_a);
		l->subject(b, of_b);
		order = keys[i].field == SORT_SUBJECT
		                ? strcmp(of_a, of_b)
		                : (int)(a % 5) - (int)(b % 5);
		order = keys[i].reverse ? -order : order;
	}
	return order != 0 ? order : (a > b) - (a < b);
}

static void check(const struct letters *l, const struct uidset *uids,
                  const struct sort_key *keys, size_t n_keys)
{
	size_t n = (size_t)uidset_count(uids);
	uint32_t *order = mem_new(n, sizeof *order);
	struct uidset seen = { 0 };

	assert_true(is_ok(mailbox_sort(l->mailbox, uids, keys, n_keys, order)));
	for (size_t i = 0; i < n; i++) {
		uidset_add(&seen, order[i]);
		assert_true(i == 0 || compare(l, keys, n_keys, order[i - 1],
		                              order[i]) < 0);
	}
	assert_true(uidset_eq(&seen, uids));
	uidset_free(&seen);
	free(order);
}

static void check_keys(const struct letters *l, const struct uidset *uids)
{
	static const struct sort_key keys[] = {
		{ .field = SORT_SUBJECT },
		{ .field = SORT_ARRIVAL },
		{ .field = SORT_SUBJECT, .reverse = true },
		{ .field = SORT_ARRIVAL, .reverse = true },
		{ .field = SORT_SUBJECT },
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		check(l, uids, &keys[i], 1);
	for (size_t i = 0; i + 1 < sizeof keys / sizeof *keys; i++)
		check(l, uids, &keys[i], 2);
}

static struct letters fill(struct rig *r, subject_of *subject)
{
	struct letters l = { rig_open(r, "INBOX"), subject, { 0 } };

	append(r, &l, MESSAGES);
	return l;
}

static void empty(struct letters *l)
{
	uidset_free(&l->uids);
	mailbox_close(l->mailbox);
}

/* All of them, some, and when others have come. */
static void check_all(struct rig *r, subject_of *subject)
{
	struct letters l = fill(r, subject);
	struct uidset few = rig_set("2,7:30,1150");

	check_keys(&l, &l.uids);
	check_keys(&l, &few);
	append(r, &l, 20);
	check_keys(&l, &few);
	check_keys(&l, &l.uids);
	uidset_remove_range(&l.uids, 5, 90);
	check_keys(&l, &l.uids);
	rig_expunge(l.mailbox, "5:90");
	check_keys(&l, &l.uids);
	uidset_free(&few);
	empty(&l);
}

static void test_short(struct rig *r)
{
	check_all(r, short_subject);
}

static void test_none(struct rig *r)
{
	check_all(r, no_subject);
}

static void test_long(struct rig *r)
{
	check_all(r, long_subject);
}

static bool is_remembered(const struct letters *l)
{
	struct ranks *ranks = ranks_take(l->mailbox, DIGEST_BASE_SUBJECT);

	ranks_give(l->mailbox, ranks);
	return ranks != NULL;
}

/* What is remembered decides: all are the same, as it has been changed to. */
static void test_again(struct rig *r)
{
	static const struct sort_key by_subject = { .field = SORT_SUBJECT };
	struct letters l = fill(r, short_subject);
	uint32_t order[MESSAGES];
	struct ranks *ranks;

	assert_false(is_remembered(&l));
	check(&l, &l.uids, &by_subject, 1);
	assert_true(is_remembered(&l));
	ranks = ranks_take(l.mailbox, DIGEST_BASE_SUBJECT);
	for (size_t i = 0; i < ranks->n; i++)
		ranks->v[i].rank = 1;
	ranks_give(l.mailbox, ranks);
	assert_true(
		is_ok(mailbox_sort(l.mailbox, &l.uids, &by_subject, 1, order)));
	for (uint32_t i = 0; i < MESSAGES; i++)
		assert_int_equal(order[i], i + 1);
	empty(&l);
}

/* Not of few, and not of texts that are told apart by what isn't held. */
static void test_not_remembered(struct rig *r)
{
	static const struct sort_key by_subject = { .field = SORT_SUBJECT };
	struct letters l = fill(r, long_subject);
	struct uidset few = rig_set("1:999");

	check(&l, &few, &by_subject, 1);
	assert_false(is_remembered(&l));
	check(&l, &l.uids, &by_subject, 1);
	assert_false(is_remembered(&l));
	uidset_free(&few);
	empty(&l);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "short subjects", test_short },
		{ "none", test_none },
		{ "long ones", test_long },
		{ "again", test_again },
		{ "not remembered", test_not_remembered },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
