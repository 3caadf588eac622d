/*
 * view.c -- what a session is told, and in which order.
 * behaviour 47, behaviour 49, behaviour 56, behaviour 57, behaviour 60,
 * behaviour 61, behaviour 62, behaviour 63, behaviour 64, behaviour 88,
 * behaviour 142
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define TEXT "Subject: hello\r\n\r\nbody\r\n"

static void note(void *arg, const struct view_event *e)
{
	static const char kinds[] = {
		[VIEW_EXPUNGE] = 'x',  [VIEW_EXISTS] = 'e', [VIEW_FLAGS] = 'f',
		[VIEW_KEYWORDS] = 'k', [VIEW_GONE] = 'g',
	};

	buf_printf(arg, "%c%u", kinds[e->kind], e->seq);
	if (e->uid != 0)
		buf_printf(arg, "/%u", e->uid);
	buf_byte(arg, ' ');
}

/* Kind and number, "/UID" where there is one. */
static void assert_told(struct view *v, bool expunges, const char *expected)
{
	struct buf out = { 0 };

	view_sync(v, expunges, note, &out);
	view_check(v);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_free(&out);
}

static void count_wake(void *arg)
{
	++*(int *)arg;
}

static void numbers(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct view *v = view_new(m, 0, true, NULL, NULL);

	assert_int_equal(view_exists(v), 0);
	assert_int_equal(view_last_uid(v), 0);
	assert_true(view_is_readonly(v));
	for (int i = 0; i < 10; i++)
		rig_append(r, m, TEXT, 0);
	assert_told(v, false, "e10 ");
	rig_expunge(m, "2:3,7");
	assert_told(v, false, "");
	assert_int_equal(view_exists(v), 10);
	assert_told(v, true, "x7/7 x3/3 x2/2 ");
	assert_int_equal(view_exists(v), 7);
	assert_int_equal(view_uid(v, 1), 1);
	assert_int_equal(view_uid(v, 2), 4);
	assert_int_equal(view_uid(v, 4), 6);
	assert_int_equal(view_uid(v, 5), 8);
	assert_int_equal(view_uid(v, 7), 10);
	assert_int_equal(view_seq(v, 10), 7);
	assert_int_equal(view_seq(v, 6), 4);
	assert_int_equal(view_seq(v, 7), 0);
	assert_int_equal(view_seq(v, 11), 0);
	assert_int_equal(view_last_uid(v), 10);
	view_free(v);
	mailbox_close(m);
}

static void order(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	int wakes = 0;
	struct view *v;

	for (int i = 0; i < 5; i++)
		rig_append(r, m, TEXT, 0);
	v = view_new(m, 0, false, count_wake, &wakes);
	assert_false(view_has_news(v));
	/* all that can be: expunges, new messages, flags of old and new ones */
	rig_store(m, "1,4", STORE_ADD, FLAG_SEEN, NULL);
	rig_expunge(m, "2");
	rig_append(r, m, TEXT, 0);
	rig_store(m, "5:6", STORE_ADD, FLAG_FLAGGED, "$New");
	assert_int_equal(wakes, 1);
	assert_true(view_has_news(v));
	assert_told(v, false, "k0 e6 f1/1 f4/4 f5/5 ");
	assert_int_equal(wakes, 1);
	assert_true(view_has_news(v));
	assert_told(v, true, "x2/2 ");
	assert_false(view_has_news(v));
	assert_told(v, true, "");
	/* a message that came and went was never there */
	rig_append(r, m, TEXT, 0);
	rig_expunge(m, "7");
	assert_told(v, true, "");
	assert_int_equal(rig_append(r, m, TEXT, 0), 8);
	assert_told(v, false, "e6 ");
	assert_int_equal(view_uid(v, 6), 8);
	view_free(v);
	mailbox_close(m);
}

/* The session's own STORE is not told to it; another's after it is. */
static void own_changes(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset set = rig_set("1:4");
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	struct flag_change what = { .mode = STORE_ADD, .flags = FLAG_SEEN };
	struct view *v, *other;
	uint64_t modseq;

	for (int i = 0; i < 4; i++)
		rig_append(r, m, TEXT, 0);
	v = view_new(m, 0, false, NULL, NULL);
	other = view_new(m, 0, false, NULL, NULL);
	what.by = v;
	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	assert_told(v, false, "");
	assert_told(other, false, "f1/1 f2/2 f3/3 f4/4 ");
	rig_store(m, "3", STORE_ADD, FLAG_DRAFT, NULL);
	assert_told(v, false, "f3/3 ");
	uidset_free(&set);
	uidset_free(&changed);
	uidset_free(&failed);
	view_free(v);
	view_free(other);
	mailbox_close(m);
}

/* Never above what has not been told; all of it when there is no news. */
static void modseq(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	uint64_t first, expunge, flags;
	struct view *v;

	for (int i = 0; i < 4; i++)
		rig_append(r, m, TEXT, 0);
	v = view_new(m, 0, false, NULL, NULL);
	first = view_modseq(v);
	assert_int_equal(first, rig_status(r, "INBOX").highestmodseq);
	flags = rig_store(m, "1", STORE_ADD, FLAG_SEEN, NULL);
	assert_int_equal(view_modseq(v), first);
	assert_told(v, false, "f1/1 ");
	assert_int_equal(view_modseq(v), flags);
	/* an expunge waits: what comes after it is told, but does not count */
	rig_expunge(m, "2");
	expunge = rig_status(r, "INBOX").highestmodseq;
	rig_store(m, "1", STORE_REMOVE, FLAG_SEEN, NULL);
	assert_told(v, false, "f1/1 ");
	assert_true(view_modseq(v) < expunge);
	rig_append(r, m, TEXT, 0);
	assert_true(view_modseq(v) < expunge);
	assert_told(v, true, "x2/2 e4 ");
	assert_int_equal(view_modseq(v), rig_status(r, "INBOX").highestmodseq);
	view_free(v);
	mailbox_close(m);
}

static void gone(struct rig *r)
{
	struct mailbox *m;
	struct view *v;
	int wakes = 0;

	assert_int_equal(mailbox_create(r->account, S("x"), 0).code, ERR_OK);
	m = rig_open(r, "x");
	rig_append(r, m, TEXT, 0);
	v = view_new(m, 0, false, count_wake, &wakes);
	mailbox_close(m);
	assert_int_equal(mailbox_delete(r->account, S("x")).code, ERR_OK);
	assert_int_equal(wakes, 1);
	assert_told(v, false, "g0 ");
	assert_told(v, true, "");
	assert_int_equal(view_exists(v), 1);
	view_free(v);
}

static void count_event(void *arg, const struct view_event *e)
{
	int *counts = arg;

	counts[e->kind]++;
	task_pause();
}

/* More changes than a queue holds: found again by comparing. */
static void fallen_behind(struct rig *r)
{
	enum { N = 5000 };
	struct mailbox *m = rig_open(r, "INBOX");
	struct incoming *in = rig_incoming(r, TEXT);
	struct new_message *n = calloc(N, sizeof *n);
	uint32_t *uids = calloc(N, sizeof *uids);
	struct uidset odd = { 0 };
	struct uidset third = { 0 };
	struct uidset a = { 0 };
	struct uidset b = { 0 };
	struct flag_change what = { .mode = STORE_ADD, .flags = FLAG_SEEN };
	int counts[VIEW_GONE + 1] = { 0 };
	uint64_t modseq;
	struct view *v;

	for (uint32_t i = 0; i < N; i++)
		n[i].message = in;
	assert_int_equal(mailbox_append(m, n, N, uids).code, ERR_OK);
	v = view_new(m, 0, false, NULL, NULL);
	for (uint32_t i = 1; i <= N; i += 2)
		uidset_add(&odd, i);
	for (uint32_t i = 3; i <= N; i += 3)
		uidset_add(&third, i);
	assert_int_equal(mailbox_store(m, &odd, &what, &a, &b, &modseq).code,
	                 ERR_OK);
	what.flags = FLAG_DELETED;
	assert_int_equal(mailbox_store(m, &third, &what, &a, &b, &modseq).code,
	                 ERR_OK);
	assert_int_equal(mailbox_expunge(m, NULL, &a).code, ERR_OK);
	rig_append(r, m, TEXT, 0);
	view_check(v);
	view_sync(v, false, count_event, counts);
	view_check(v);
	/* of the odd ones, those that are still there */
	assert_int_equal(counts[VIEW_FLAGS], N / 2 - 833);
	assert_int_equal(counts[VIEW_EXISTS], 1);
	assert_int_equal(view_exists(v), N + 1);
	view_sync(v, true, count_event, counts);
	view_check(v);
	assert_int_equal(counts[VIEW_EXPUNGE], N / 3);
	assert_int_equal(counts[VIEW_FLAGS], N / 2 - 833);
	assert_int_equal(view_exists(v), N + 1 - N / 3);
	assert_true(uidset_eq(view_uids(v), mailbox_uids(m)));
	assert_false(view_has_news(v));
	view_free(v);
	uidset_free(&odd);
	uidset_free(&third);
	uidset_free(&a);
	uidset_free(&b);
	free(n);
	free(uids);
	incoming_free(in);
	mailbox_close(m);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "numbers", numbers },
		{ "order", order },
		{ "own changes", own_changes },
		{ "modseq", modseq },
		{ "gone", gone },
		{ "fallen behind", fallen_behind },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
