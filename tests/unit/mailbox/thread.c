/*
 * thread.c -- which messages share a THREADID, and how large the table gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailbox/internal.h"
#include "rig.h"

static uint64_t thread_of(struct mailbox *m, uint32_t uid)
{
	struct object_ids ids;

	assert_int_equal(mailbox_object_ids(m, uid, &ids).code, ERR_OK);
	assert_int_not_equal(ids.thread, 0);
	return ids.thread;
}

/* Appends a message with these ids ("" for none); its thread. */
static uint64_t add(struct rig *r, struct mailbox *m, const char *own,
                    const char *parent, const char *references)
{
	char text[65536];

	snprintf(text, sizeof text,
	         "Message-ID: %s\r\nIn-Reply-To: %s\r\nReferences: %s\r\n\r\n",
	         own, parent, references);
	return thread_of(m, rig_append(r, m, text, 0));
}

/* Letters are ids; each row's thread must be that of the row named. */
static void joining(struct rig *r)
{
	static const struct {
		const char *own, *parent, *references;
		int same; /* row, or -1: a thread of its own */
	} rows[] = {
		{ "<a>", "", "", -1 },
		{ "<b>", "<a>", "<a>", 0 },
		{ "<c>", "<b>", "<a> <b>", 0 },
		{ "<d>", "<c>", "", 0 },        /* no References at all */
		{ "<e>", "", "<gone> <d>", 0 }, /* cut at the front */
		{ "<f>", "", "", -1 },
		{ "<g>", "<f>", "", 5 },
		{ "<h>", "<i>", "", -1 }, /* before its parent */
		{ "<i>", "<j>", "", 7 },
		{ "<j>", "", "", 7 },
		{ "<a>", "", "", 0 }, /* a second copy */
		{ "", "", "", -1 },
		{ "", "", "<a>", 0 },         /* without an id */
		{ "<k>", "", "<l> <k>", -1 }, /* names itself */
		{ "<k>", "", "", 13 },
	};
	struct mailbox *m = rig_open(r, "INBOX");
	uint64_t threads[sizeof rows / sizeof *rows];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		threads[i] = add(r, m, rows[i].own, rows[i].parent,
		                 rows[i].references);
		for (size_t k = 0; k < i; k++)
			if ((threads[k] == threads[i]) !=
			    (rows[i].same >= 0 &&
			     threads[k] == threads[rows[i].same]))
				fail_msg("row %zu, row %zu", i, k);
	}
	mailbox_close(m);
}

/* Two accounts' ids are hashed differently; a reopened account's alike. */
static void keys(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct account *other;
	struct mailbox *theirs;
	uint64_t before = add(r, m, "<a>", "", "");

	mailbox_close(m);
	assert_int_equal(account_create(r->model, 8, S("x@y")).code, ERR_OK);
	assert_int_equal(account_open(r->model, 8, &other).code, ERR_OK);
	assert_int_equal(mailbox_open(other, S("INBOX"), &theirs).code, ERR_OK);
	assert_int_not_equal(add(r, theirs, "<a>", "", ""), before);
	mailbox_close(theirs);
	account_close(other);
	rig_reopen(r);
	m = rig_open(r, "INBOX");
	assert_int_equal(thread_of(m, 1), before);
	assert_int_equal(add(r, m, "<b>", "<a>", ""), before);
	mailbox_close(m);
}

static void survives(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox *to = rig_open(r, "Archive");
	struct uidset uids = rig_set("1"), from = { 0 }, copies = { 0 };
	uint64_t thread = add(r, m, "<a>", "<b>", "");

	assert_int_equal(mailbox_copy(m, &uids, to, false, &from, &copies).code,
	                 ERR_OK);
	assert_int_equal(mailbox_copy(m, &uids, to, true, &from, &copies).code,
	                 ERR_OK);
	assert_int_equal(thread_of(to, 1), thread);
	assert_int_equal(thread_of(to, 2), thread);
	/* also when nothing of it is left */
	rig_store(to, "1:2", STORE_ADD, FLAG_DELETED, NULL);
	rig_expunge(to, "1:2");
	assert_int_equal(add(r, m, "<b>", "", ""), thread);
	uidset_free(&uids);
	uidset_free(&from);
	uidset_free(&copies);
	mailbox_close(m);
	mailbox_close(to);
}

/* Of many References the first and the nearest are looked at. */
static void many_references(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	char list[LIMIT_REFERENCES * 12] = "";
	size_t n = 0;

	for (int i = 0; i < LIMIT_REFERENCES; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "<r%d> ", i);
	assert_int_equal(add(r, m, "<x>", "", list), add(r, m, "<r0>", "", ""));
	assert_true(r->account->meta.thread_ids <= 33);
	assert_int_equal(add(r, m, "<y>", "<r999>", ""), thread_of(m, 1));
	assert_int_not_equal(add(r, m, "<z>", "<r500>", ""), thread_of(m, 1));
	mailbox_close(m);
}

/* At the limit the oldest neighbours give way, and the count stays true. */
static void bounded(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	uint32_t *count = &r->account->meta.thread_ids;
	uint32_t missing = LIMIT_THREAD_IDS - 40;
	uint64_t first = add(r, m, "<a>", "<z>", "");

	*count += missing;
	for (int i = 0; i < 60; i++) {
		char own[16];
		uint64_t thread;

		r->now++;
		snprintf(own, sizeof own, "<%d>", i);
		thread = add(r, m, own, "<old>", "");
		assert_int_equal(thread, thread_of(m, 2));
		assert_true(*count <= LIMIT_THREAD_IDS);
	}
	assert_int_equal(*count, LIMIT_THREAD_IDS);
	assert_int_equal(thread_of(m, 1), first);
	*count -= missing;
	mailbox_close(m);
	/* writes the account's record; the check at the end counts the rows */
	assert_int_equal(mailbox_create(r->account, S("x"), 0).code, ERR_OK);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "joining", joining },
		{ "keys", keys },
		{ "survives", survives },
		{ "many_references", many_references },
		{ "bounded", bounded },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
