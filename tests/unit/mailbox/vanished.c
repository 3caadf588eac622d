/*
 * vanished.c -- the expunge log: what it remembers, and what is said when it
 * does not. behaviour 179, behaviour 182
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "mailbox/imported.h"
#include "rig.h"

#define TEXT "Subject: hello\r\n\r\nbody\r\n"

/* What has vanished of `among` since. */
static void assert_vanished(struct mailbox *m, uint64_t since,
                            const char *among, const char *expected)
{
	struct uidset set = rig_set(among);
	struct uidset gone = { 0 };

	assert_int_equal(mailbox_vanished(m, since, &set, &gone).code, ERR_OK);
	rig_assert_set(&gone, expected);
	uidset_free(&set);
}

static uint64_t expunge(struct rig *r, struct mailbox *m, const char *uids)
{
	(void)r;
	rig_expunge(m, uids);
	return rig_status(r, "INBOX").highestmodseq;
}

static void remembers(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	uint64_t start, one, two;

	for (int i = 0; i < 10; i++)
		rig_append(r, m, TEXT, 0);
	start = rig_status(r, "INBOX").highestmodseq;
	one = expunge(r, m, "2:3,7");
	two = expunge(r, m, "1,4");
	assert_true(start < one && one < two);
	assert_vanished(m, start, "1:10", "1:4,7");
	assert_vanished(m, one, "1:10", "1,4");
	assert_vanished(m, two, "1:10", "");
	assert_vanished(m, start, "3:4,8:4294967295", "3:4");
	assert_vanished(m, 0, "1:10", "1:4,7");
	/* not one of ours: all that is not there */
	assert_false(mailbox_remembers(m, two + 1));
	assert_vanished(m, two + 1, "1:12", "1:4,7,11:12");
	mailbox_close(m);
	rig_reopen(r);
	m = rig_open(r, "INBOX");
	assert_vanished(m, one, "1:10", "1,4");
	mailbox_close(m);
}

enum { PART = 11000, PARTS = 3, ALL = PARTS * PART };

static void append_all(struct rig *r, struct mailbox *m)
{
	struct incoming *in = rig_incoming(r, TEXT);
	struct new_message *n = calloc(ALL, sizeof *n);
	uint32_t *uids = calloc(ALL, sizeof *uids);

	for (uint32_t i = 0; i < ALL; i++)
		n[i] = (struct new_message){ .message = in,
			                     .flags = FLAG_DELETED };
	assert_int_equal(mailbox_append(m, n, ALL, uids).code, ERR_OK);
	free(n);
	free(uids);
	incoming_free(in);
}

/* Every second one of a part: as many ranges as messages. */
static uint64_t expunge_half(struct rig *r, struct mailbox *m, uint32_t first,
                             uint32_t n)
{
	struct uidset half = { 0 };
	struct uidset gone = { 0 };

	for (uint32_t i = 0; i < n; i += 2)
		uidset_add(&half, first + i);
	assert_int_equal(mailbox_expunge(m, &half, &gone).code, ERR_OK);
	assert_int_equal(uidset_count(&gone), (n + 1) / 2);
	uidset_free(&half);
	uidset_free(&gone);
	return rig_status(r, "INBOX").highestmodseq;
}

static uint64_t count_vanished(struct mailbox *m, uint64_t since)
{
	struct uidrange range = { 1, ALL };
	struct uidset all = { .v = &range, .n = 1, .cap = 1 };
	struct uidset gone = { 0 };
	uint64_t n;

	assert_int_equal(mailbox_vanished(m, since, &all, &gone).code, ERR_OK);
	n = uidset_count(&gone);
	uidset_free(&gone);
	return n;
}

/* The oldest part of the log goes; who asks since then hears too much. */
static void is_bounded(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	uint64_t modseq[PARTS + 1];
	uint64_t all;

	assert_true(ALL / 2 > LIMIT_EXPUNGE_LOG);
	append_all(r, m);
	modseq[0] = rig_status(r, "INBOX").highestmodseq;
	for (uint32_t i = 0; i < PARTS; i++)
		modseq[i + 1] = expunge_half(r, m, 1 + i * PART, PART);
	assert_false(mailbox_remembers(m, modseq[0]));
	assert_true(mailbox_remembers(m, modseq[1]));
	assert_int_equal(count_vanished(m, modseq[0]), ALL / 2);
	assert_int_equal(count_vanished(m, modseq[1]), ALL / 3);
	assert_int_equal(count_vanished(m, modseq[2]), ALL / 6);
	assert_int_equal(count_vanished(m, modseq[3]), 0);
	/* one more than the whole log may have */
	all = expunge_half(r, m, 2, ALL);
	assert_false(mailbox_remembers(m, modseq[3]));
	assert_true(mailbox_remembers(m, all));
	assert_int_equal(count_vanished(m, modseq[3]), ALL);
	assert_int_equal(count_vanished(m, all), 0);
	rig_append(r, m, TEXT, FLAG_DELETED);
	assert_int_equal(count_vanished(m, all), 0);
	expunge(r, m, "33001");
	assert_vanished(m, all, "33000:33001", "33001");
	mailbox_close(m);
}

/* A UIDVALIDITY that comes from elsewhere: so do modseqs that clients keep. */
static void from_elsewhere(struct rig *r)
{
	struct mailbox *m;
	uint64_t before;

	r->now = 1767225600;
	assert_int_equal(mailbox_create(r->account, S("x"), 0).code, ERR_OK);
	m = rig_open(r, "x");
	assert_int_equal(mailbox_set_uids(m, 77, 10).code, ERR_OK);
	before = rig_status(r, "x").highestmodseq;
	assert_true(before > UINT64_C(1767225600000));
	assert_vanished(m, 123456, "1:9", "1:9");
	assert_int_equal(rig_append(r, m, TEXT, 0), 10);
	assert_true(rig_status(r, "x").highestmodseq > before);
	assert_vanished(m, before, "1:10", "");
	mailbox_close(m);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "remembers", remembers },
		{ "is bounded", is_bounded },
		{ "from elsewhere", from_elsewhere },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
