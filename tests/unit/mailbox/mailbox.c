/*
 * mailbox.c -- APPEND, STORE, EXPUNGE, COPY, MOVE and reading, over a real
 * store.
 * behaviour 90, behaviour 92, behaviour 93, behaviour 98, behaviour 103,
 * behaviour 105, behaviour 130, behaviour 138, behaviour 139, behaviour 144,
 * behaviour 145, behaviour 146, behaviour 149, behaviour 151, behaviour 176,
 * behaviour 177
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailbox/change.h"
#include "mailbox/imported.h"
#include "rig.h"

#define TEXT "Subject: hello\r\n\r\nbody\r\n"

static struct mailbox *make(struct rig *r, const char *name)
{
	assert_int_equal(mailbox_create(r->account, slice_cstr(name), 0).code,
	                 ERR_OK);
	return rig_open(r, name);
}

static void assert_uids(struct mailbox *m, const char *text)
{
	struct uidset set = { 0 };

	uidset_copy(&set, mailbox_uids(m));
	rig_assert_set(&set, text);
}

static void fill(struct rig *r, struct mailbox *m, uint32_t n, uint8_t flags)
{
	struct incoming *in = rig_incoming(r, TEXT);
	struct new_message *v = calloc(n, sizeof *v);
	uint32_t *uids = calloc(n, sizeof *uids);

	for (uint32_t i = 0; i < n; i++)
		v[i] = (struct new_message){ .message = in, .flags = flags };
	assert_int_equal(mailbox_append(m, v, n, uids).code, ERR_OK);
	for (uint32_t i = 1; i < n; i++)
		assert_int_equal(uids[i], uids[0] + i);
	free(v);
	free(uids);
	incoming_free(in);
}

static void appending(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox_status s;
	struct blob_reader *reader;
	struct record record;
	struct digest digest;
	struct slice bytes;

	mailbox_get_status(m, &s);
	assert_int_equal(s.uidnext, 1);
	assert_int_not_equal(s.uidvalidity, 0);
	assert_int_equal(rig_append(r, m, "Subject: x\n\nline\n", FLAG_SEEN),
	                 1);
	assert_int_equal(rig_append(r, m, TEXT, FLAG_DELETED), 2);
	mailbox_get_status(m, &s);
	assert_int_equal(s.messages, 2);
	assert_int_equal(s.unseen, 1);
	assert_int_equal(s.deleted, 1);
	assert_int_equal(s.size, 20 + strlen(TEXT));
	assert_int_equal(s.deleted_size, strlen(TEXT));
	assert_int_equal(s.uidnext, 3);
	assert_int_equal(mailbox_record(m, 1, &record).code, ERR_OK);
	assert_int_equal(record.size, 20);
	assert_int_equal(record.internaldate, 1700000000);
	assert_int_equal(record.sent, 1700000000); /* no Date: */
	assert_int_equal(record.zone, 60);
	assert_int_equal(record.savedate, r->now);
	assert_int_equal(mailbox_digest(m, 1, &digest).code, ERR_OK);
	assert_int_equal(digest.size, 20);
	assert_int_equal(mailbox_message(m, 1, &reader).code, ERR_OK);
	assert_int_equal(blob_size(reader), 20);
	assert_int_equal(blob_read(reader, 0, &bytes).code, ERR_OK);
	assert_true(slice_eq(bytes, S("Subject: x\r\n\r\nline\r\n")));
	blob_close(reader);
	assert_int_equal(mailbox_message(m, 3, &reader).code, ERR_ABSENT);
	mailbox_close(m);
}

static void empty_message(struct rig *r)
{
	struct incoming *in = incoming_new(r->model);

	assert_int_equal(incoming_write(in, S("")).code, ERR_OK);
	assert_int_equal(incoming_finish(in).code, ERR_NO);
	incoming_free(in);
}

static enum err_code set_quota(struct rig *r, uint64_t storage,
                               uint64_t messages)
{
	const uint64_t limit[QUOTA_RESOURCES] = { storage, messages };

	return account_set_quota(r->account, QUOTA_ALL, limit).code;
}

/* Many messages are all or none: the third does not fit. */
static void all_or_none(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct incoming *in = rig_incoming(r, TEXT);
	struct slice keyword = S("$New");
	struct new_message v[3] = { { .message = in },
		                    { .message = in },
		                    { .message = in } };
	struct quota q;
	uint32_t uids[3];
	size_t n;

	v[0].keywords = &keyword;
	v[0].n_keywords = 1;
	assert_int_equal(set_quota(r, 0, 2), ERR_OK);
	assert_int_equal(mailbox_append(m, v, 3, uids).code, ERR_OVERQUOTA);
	assert_uids(m, "");
	mailbox_keywords(m, &n);
	assert_int_equal(n, 0);
	assert_int_equal(rig_status(r, "INBOX").uidnext, 1);
	account_quota(r->account, &q);
	assert_int_equal(q.used[QUOTA_STORAGE], 0);
	assert_int_equal(mailbox_append(m, v, 2, uids).code, ERR_OK);
	assert_int_equal(account_has_room(r->account, 0, 1).code,
	                 ERR_OVERQUOTA);
	assert_int_equal(set_quota(r, 3 * incoming_size(in), 0), ERR_OK);
	assert_int_equal(mailbox_append(m, v, 2, uids).code, ERR_OVERQUOTA);
	assert_int_equal(mailbox_append(m, v, 1, uids).code, ERR_OK);
	assert_int_equal(uids[0], 3);
	incoming_free(in);
	mailbox_close(m);
}

/* -- a change is seen whole -- */

enum { NEW_KEYWORDS = 100 };

struct keyworder {
	struct mailbox *mailbox;
	bool done;
};

static void set_new_keywords(void *arg)
{
	struct keyworder *k = arg;
	char name[16];

	for (int i = 0; i < NEW_KEYWORDS; i++) {
		snprintf(name, sizeof name, "new%d", i);
		rig_store(k->mailbox, "1", STORE_REPLACE, 0, name);
	}
	k->done = true;
}

static size_t count_bits(const struct keyword_bits *bits, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += keyword_bits_has(bits, i);
	return found;
}

/* Who reads a record while one with a new keyword is being committed finds
 * the keyword's name as soon as the record has it. */
static void keywords_come_with_records(struct rig *r)
{
	struct keyworder k = { .mailbox = rig_open(r, "INBOX") };
	uint64_t first;

	rig_append(r, k.mailbox, TEXT, 0);
	first = rig_store(k.mailbox, "1", STORE_REPLACE, 0, "old");
	task_spawn(r->loop, set_new_keywords, &k);
	while (!k.done) {
		struct record record;
		size_t n;

		assert_int_equal(mailbox_record(k.mailbox, 1, &record).code,
		                 ERR_OK);
		assert_true(record.modseq >= first);
		mailbox_keywords(k.mailbox, &n);
		assert_int_equal(count_bits(&record.keywords, n), 1);
		task_sleep(0);
	}
	mailbox_close(k.mailbox);
}

static void last_uids(struct rig *r)
{
	struct mailbox *m = make(r, "import");
	struct incoming *in = rig_incoming(r, TEXT);
	struct uidset all = rig_set("1:4294967294");
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	uint32_t uid;

	assert_int_equal(mailbox_set_uids(m, 77, 10).code, ERR_OK);
	assert_int_equal(rig_append(r, m, TEXT, 0), 10);
	assert_int_equal(mailbox_set_uids(m, 78, 20).code, ERR_NOTNOW);
	assert_int_equal(mailbox_set_uids(m, 77, 4294967294).code, ERR_OK);
	assert_int_equal(rig_append(r, m, TEXT, 0), 4294967294);
	assert_int_equal(rig_append_to(m, in, 0, &uid).code, ERR_LIMIT);
	assert_int_equal(mailbox_copy(m, &all, m, false, &from, &to).code,
	                 ERR_LIMIT);
	assert_uids(m, "10,4294967294");
	assert_int_equal(rig_status(r, "import").uidnext, UINT32_MAX);
	assert_int_equal(rig_status(r, "import").uidvalidity, 77);
	/* the way out: move them to a new one */
	mailbox_close(make(r, "new"));
	struct mailbox *new = rig_open(r, "new");

	assert_int_equal(mailbox_copy(m, &all, new, true, &from, &to).code,
	                 ERR_OK);
	rig_assert_set(&from, "10,4294967294");
	rig_assert_set(&to, "1:2");
	incoming_free(in);
	uidset_free(&all);
	mailbox_close(new);
	mailbox_close(m);
}

static void import_uids(struct rig *r)
{
	struct mailbox *m = make(r, "import");
	struct incoming *in = rig_incoming(r, TEXT);
	struct new_message n = { .message = in, .uid = 500 };
	uint32_t uid;

	assert_int_equal(mailbox_append(m, &n, 1, &uid).code, ERR_OK);
	assert_int_equal(uid, 500);
	assert_int_equal(mailbox_append(m, &n, 1, &uid).code, ERR_NOTNOW);
	n.uid = 600;
	assert_int_equal(mailbox_append(m, &n, 1, &uid).code, ERR_OK);
	assert_uids(m, "500,600");
	incoming_free(in);
	mailbox_close(m);
}

static void storing(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox_status s;
	struct record record;
	uint64_t one, two;
	uint32_t uid;

	fill(r, m, 300, 0);
	one = rig_store(m, "1:300", STORE_ADD, FLAG_SEEN, NULL);
	assert_true(one > 0);
	/* nothing differs: no change, no modseq */
	assert_int_equal(rig_store(m, "1:300", STORE_ADD, FLAG_SEEN, NULL), 0);
	assert_int_equal(rig_store(m, "400", STORE_ADD, FLAG_DRAFT, NULL), 0);
	two = rig_store(m, "7,100", STORE_REMOVE, FLAG_SEEN, NULL);
	assert_true(two > one);
	assert_int_equal(mailbox_first_unseen(m, &uid).code, ERR_OK);
	assert_int_equal(uid, 7);
	rig_store(m, "7", STORE_REPLACE, FLAG_SEEN | FLAG_DELETED, "$Junk");
	assert_int_equal(mailbox_first_unseen(m, &uid).code, ERR_OK);
	assert_int_equal(uid, 100);
	rig_store(m, "3", STORE_REPLACE, 0, NULL);
	assert_int_equal(mailbox_first_unseen(m, &uid).code, ERR_OK);
	assert_int_equal(uid, 3);
	assert_int_equal(mailbox_record(m, 7, &record).code, ERR_OK);
	assert_int_equal(record.flags, FLAG_SEEN | FLAG_DELETED);
	assert_int_equal(record.keywords.word[0], 1);
	assert_int_equal(mailbox_record(m, 8, &record).code, ERR_OK);
	assert_int_equal(record.modseq, one);
	mailbox_get_status(m, &s);
	assert_int_equal(s.unseen, 2);
	assert_int_equal(s.deleted, 1);
	assert_int_equal(s.deleted_size, strlen(TEXT));
	assert_true(s.highestmodseq > two);
	mailbox_close(m);
}

static void conditional(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset set = rig_set("1:10");
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	struct flag_change what = {
		.mode = STORE_ADD,
		.flags = FLAG_FLAGGED,
		.conditional = true,
	};
	uint64_t modseq;

	fill(r, m, 10, 0);
	what.unchanged_since = rig_status(r, "INBOX").highestmodseq;
	rig_store(m, "4:5", STORE_ADD, FLAG_SEEN, NULL);
	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	rig_assert_set(&changed, "1:3,6:10");
	rig_assert_set(&failed, "4:5");
	what.unchanged_since = 0;
	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	assert_int_equal(modseq, 0);
	rig_assert_set(&changed, "");
	rig_assert_set(&failed, "1:10");
	uidset_free(&set);
	mailbox_close(m);
}

/* Chunks must grow wider and be split as keywords come. */
static void many_keywords(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct slice one_more = S("one-more");
	struct uidset set = rig_set("1");
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	struct flag_change what = {
		.mode = STORE_ADD,
		.keywords = &one_more,
		.n_keywords = 1,
	};
	struct record record;
	uint64_t modseq;
	char name[16];
	size_t n;

	fill(r, m, 200, 0);
	for (uint32_t i = 0; i < LIMIT_KEYWORDS; i++) {
		char uid[16];

		snprintf(name, sizeof name, "k%u", i);
		snprintf(uid, sizeof uid, "%u", 1 + i * 37 % 200);
		rig_store(m, uid, STORE_ADD, 0, name);
	}
	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_LIMIT);
	rig_store(m, "1:200", STORE_ADD, 0, "K511");
	what.mode = STORE_REMOVE;
	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	mailbox_close(m);
	rig_reopen(r);
	m = rig_open(r, "INBOX");
	mailbox_keywords(m, &n);
	assert_int_equal(n, LIMIT_KEYWORDS);
	for (uint32_t i = 0; i < LIMIT_KEYWORDS; i++) {
		assert_int_equal(
			mailbox_record(m, 1 + i * 37 % 200, &record).code,
			ERR_OK);
		assert_true(record.keywords.word[i / 64] >> (i % 64) & 1);
		assert_true(record.keywords.word[7] >> 63 & 1);
	}
	assert_int_equal(rig_append(r, m, TEXT, 0), 201);
	uidset_free(&set);
	mailbox_close(m);
}

static void removing(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset some = rig_set("2:4,300,900");
	struct uidset gone = { 0 };
	struct mailbox_status status;

	fill(r, m, 500, 0);
	rig_store(m, "1:3", STORE_ADD, FLAG_DELETED, NULL);
	/* what is listed and there, \Deleted or not; nothing else */
	assert_int_equal(mailbox_remove(m, &some, &gone).code, ERR_OK);
	rig_assert_set(&gone, "2:4,300");
	assert_uids(m, "1,5:299,301:500");
	assert_int_equal(mailbox_remove(m, &some, &gone).code, ERR_OK);
	rig_assert_set(&gone, "");
	status = rig_status(r, "INBOX");
	assert_int_equal(status.deleted, 1);
	assert_int_equal(status.messages, 496);
	mailbox_close(m);
	rig_reopen(r);
	m = rig_open(r, "INBOX");
	assert_uids(m, "1,5:299,301:500");
	mailbox_close(m);
	uidset_free(&some);
	uidset_free(&gone);
}

static void expunging(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset some = rig_set("1:3");
	struct uidset gone = { 0 };
	struct record record;
	uint64_t before;

	fill(r, m, 500, 0);
	rig_store(m, "2:4", STORE_ADD, FLAG_DELETED, NULL);
	before = rig_status(r, "INBOX").highestmodseq;
	/* only what is listed and \Deleted */
	assert_int_equal(mailbox_expunge(m, &some, &gone).code, ERR_OK);
	rig_assert_set(&gone, "2:3");
	assert_true(rig_status(r, "INBOX").highestmodseq > before);
	assert_int_equal(mailbox_expunge(m, NULL, &gone).code, ERR_OK);
	rig_assert_set(&gone, "4");
	assert_int_equal(mailbox_expunge(m, NULL, &gone).code, ERR_OK);
	rig_assert_set(&gone, "");
	assert_int_equal(mailbox_record(m, 3, &record).code, ERR_ABSENT);
	/* does not come back */
	assert_int_equal(rig_store(m, "3", STORE_ADD, FLAG_SEEN, NULL), 0);
	rig_expunge(m, "1,58:59,117:300");
	assert_uids(m, "5:57,60:116,301:500");
	rig_expunge(m, "6:57,60:115,302:499");
	assert_uids(m, "5,116,301,500");
	assert_int_equal(rig_append(r, m, TEXT, 0), 501);
	rig_expunge(m, "5,116,301,500:501");
	assert_uids(m, "");
	assert_int_equal(rig_append(r, m, TEXT, 0), 502);
	mailbox_close(m);
	rig_reopen(r);
	m = rig_open(r, "INBOX");
	assert_uids(m, "502");
	uidset_free(&some);
	mailbox_close(m);
}

static void copying(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox *x = make(r, "x");
	struct uidset set = rig_set("2,4:6,99");
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	struct record a, b;
	const struct slice *names;
	size_t n;

	fill(r, m, 10, FLAG_FLAGGED);
	rig_append(r, x, TEXT, 0);
	rig_store(x, "1", STORE_ADD, 0, "first");
	rig_store(m, "4", STORE_ADD, FLAG_SEEN, "Work");
	r->now += 100;
	assert_int_equal(mailbox_copy(m, &set, x, false, &from, &to).code,
	                 ERR_OK);
	rig_assert_set(&from, "2,4:6");
	rig_assert_set(&to, "2:5");
	assert_int_equal(mailbox_record(m, 4, &a).code, ERR_OK);
	assert_int_equal(mailbox_record(x, 3, &b).code, ERR_OK);
	assert_int_equal(a.flags, b.flags);
	assert_int_equal(a.internaldate, b.internaldate);
	assert_int_equal(b.savedate, a.savedate + 100);
	names = mailbox_keywords(x, &n);
	assert_int_equal(n, 2);
	assert_true(slice_eq(names[1], S("Work")));
	assert_int_equal(b.keywords.word[0], 2);
	/* again: a second copy */
	assert_int_equal(mailbox_copy(m, &set, x, false, &from, &to).code,
	                 ERR_OK);
	rig_assert_set(&to, "6:9");
	/* nothing there: nothing copied */
	uidset_free(&set);
	set = rig_set("77");
	assert_int_equal(mailbox_copy(m, &set, x, true, &from, &to).code,
	                 ERR_OK);
	rig_assert_set(&from, "");
	rig_assert_set(&to, "");
	uidset_free(&set);
	mailbox_close(m);
	mailbox_close(x);
}

static void replacing(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox *x = make(r, "x");
	struct incoming *in = rig_incoming(r, TEXT);
	struct new_message n = { .message = in, .flags = FLAG_DRAFT };
	uint32_t uid;

	fill(r, m, 3, 0);
	/* a full quota does not stand against what takes no more room */
	assert_int_equal(set_quota(r, 3 * strlen(TEXT), 3), ERR_OK);
	assert_int_equal(mailbox_replace(m, 2, m, &n, &uid).code, ERR_OK);
	assert_int_equal(uid, 4);
	assert_uids(m, "1,3:4");
	assert_int_equal(mailbox_replace(m, 4, x, &n, &uid).code, ERR_OK);
	assert_int_equal(uid, 1);
	assert_uids(m, "1,3");
	assert_uids(x, "1");
	/* gone: nothing comes in its place */
	assert_int_equal(mailbox_replace(m, 4, x, &n, &uid).code,
	                 ERR_EXPUNGEISSUED);
	assert_uids(x, "1");
	assert_int_equal(set_quota(r, 1, 3), ERR_OK);
	assert_int_equal(mailbox_replace(m, 1, x, &n, &uid).code,
	                 ERR_OVERQUOTA);
	assert_uids(m, "1,3");
	assert_uids(x, "1");
	/* the last one, and one of several in a chunk */
	assert_int_equal(set_quota(r, 0, 0), ERR_OK);
	assert_int_equal(mailbox_replace(x, 1, x, &n, &uid).code, ERR_OK);
	assert_uids(x, "2");
	assert_int_equal(rig_status(r, "x").messages, 1);
	assert_int_equal(mailbox_delete(r->account, S("x")).code, ERR_OK);
	assert_int_equal(mailbox_replace(m, 1, x, &n, &uid).code,
	                 ERR_NONEXISTENT);
	assert_uids(m, "1,3");
	incoming_free(in);
	mailbox_close(x);
	mailbox_close(m);
}

static void moving(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox *x = make(r, "x");
	struct uidset set = rig_set("1:4");
	struct uidset from = { 0 };
	struct uidset to = { 0 };

	fill(r, m, 6, 0);
	/* a full quota does not stand against what takes no more room */
	assert_int_equal(set_quota(r, 0, 6), ERR_OK);
	assert_int_equal(mailbox_copy(m, &set, x, false, &from, &to).code,
	                 ERR_OVERQUOTA);
	assert_uids(x, "");
	assert_int_equal(mailbox_copy(m, &set, x, true, &from, &to).code,
	                 ERR_OK);
	assert_uids(m, "5:6");
	assert_uids(x, "1:4");
	/* somebody else moves the same: nothing is left to move */
	assert_int_equal(mailbox_copy(m, &set, x, true, &from, &to).code,
	                 ERR_OK);
	assert_true(uidset_is_empty(&to));
	assert_uids(x, "1:4");
	/* within one mailbox */
	assert_int_equal(mailbox_copy(x, &set, x, true, &from, &to).code,
	                 ERR_OK);
	rig_assert_set(&from, "1:4");
	rig_assert_set(&to, "5:8");
	assert_uids(x, "5:8");
	uidset_free(&set);
	set = rig_set("6");
	assert_int_equal(mailbox_copy(x, &set, x, true, &from, &to).code,
	                 ERR_OK);
	assert_uids(x, "5,7:9");
	assert_int_equal(set_quota(r, 0, 0), ERR_OK);
	assert_int_equal(mailbox_copy(x, &set, x, false, &from, &to).code,
	                 ERR_OK);
	assert_uids(x, "5,7:9");
	rig_append(r, x, TEXT, 0);
	assert_uids(x, "5,7:10");
	uidset_free(&set);
	uidset_free(&from);
	uidset_free(&to);
	mailbox_close(m);
	mailbox_close(x);
}

/* behaviour 148: many are moved, and expunged, in several changes */
static void pieces(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox *x = make(r, "x");
	struct uidset set = rig_set("5:4294967295");
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	uint64_t modseq;

	fill(r, m, EXPUNGE_PIECE + 10, FLAG_DELETED);
	modseq = rig_status(r, "INBOX").highestmodseq;
	assert_int_equal(mailbox_copy(m, &set, x, true, &from, &to).code,
	                 ERR_OK);
	rig_assert_set(&from, "5:50010");
	rig_assert_set(&to, "1:50006");
	assert_uids(m, "1:4");
	assert_uids(x, "1:50006");
	assert_int_equal(rig_status(r, "x").highestmodseq,
	                 modseq + EXPUNGE_PIECE / MOVE_PIECE + 1);
	assert_int_equal(mailbox_expunge(x, NULL, &from).code, ERR_OK);
	rig_assert_set(&from, "1:50006");
	assert_uids(x, "");
	assert_int_equal(rig_status(r, "x").highestmodseq,
	                 modseq + EXPUNGE_PIECE / MOVE_PIECE + 3);
	uidset_free(&set);
	uidset_free(&from);
	uidset_free(&to);
	mailbox_close(m);
	mailbox_close(x);
}

static void walking(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset set = rig_set("1:4,60:130,500:4294967295");
	struct uidset seen = { 0 };
	struct uidset digests = { 0 };
	struct record_walk w;
	struct digest_walk d;
	struct record record;
	struct digest digest;
	uint32_t uid;

	fill(r, m, 300, 0);
	rig_expunge(m, "2,61:129,200:299");
	fill(r, m, 300, 0);
	w = mailbox_walk(m, &set);
	while (record_walk_next(&w, &record)) {
		uidset_add(&seen, record.uid);
		if (record.uid == 60) /* others go on meanwhile */
			rig_expunge(m, "550:560");
		if (record.uid % 7 == 0)
			task_yield();
	}
	assert_int_equal(w.e.code, ERR_OK);
	rig_assert_set(&seen, "1,3:4,60,130,500:549,561:600");
	d = mailbox_digest_walk(m, &set);
	while (digest_walk_next(&d, &uid, &digest)) {
		uidset_add(&digests, uid);
		assert_int_equal(digest.size, strlen(TEXT));
		if (uid % 7 == 0)
			task_sleep(1);
	}
	assert_int_equal(d.e.code, ERR_OK);
	rig_assert_set(&digests, "1,3:4,60,130,500:549,561:600");
	uidset_free(&set);
	mailbox_close(m);
}

static void finding(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset out = { 0 };
	uint64_t modseq;

	fill(r, m, 400, FLAG_SEEN);
	modseq = rig_status(r, "INBOX").highestmodseq;
	rig_store(m, "3,100:200", STORE_REMOVE, FLAG_SEEN, NULL);
	rig_store(m, "150,399", STORE_ADD, FLAG_FLAGGED, NULL);
	assert_int_equal(mailbox_find(m, FLAG_SEEN, 0, 0, &out).code, ERR_OK);
	rig_assert_set(&out, "3,100:200");
	assert_int_equal(
		mailbox_find(m, FLAG_FLAGGED, FLAG_FLAGGED, 0, &out).code,
		ERR_OK);
	rig_assert_set(&out, "150,399");
	assert_int_equal(
		mailbox_find(m, FLAG_FLAGGED | FLAG_SEEN, FLAG_FLAGGED, 0, &out)
			.code,
		ERR_OK);
	rig_assert_set(&out, "150");
	assert_int_equal(mailbox_find(m, 0, 0, modseq, &out).code, ERR_OK);
	rig_assert_set(&out, "3,100:200,399");
	assert_int_equal(mailbox_find(m, 0, 0, 0, &out).code, ERR_OK);
	rig_assert_set(&out, "1:400");
	assert_int_equal(mailbox_find(m, FLAG_DRAFT, FLAG_DRAFT, 0, &out).code,
	                 ERR_OK);
	rig_assert_set(&out, "");
	mailbox_close(m);
}

static void assert_unseen(struct mailbox *m, const char *want)
{
	struct uidset out = { 0 };

	assert_int_equal(mailbox_find(m, FLAG_SEEN, 0, 0, &out).code, ERR_OK);
	rig_assert_set(&out, want);
	uidset_free(&out);
}

/* Where the search begins follows the messages that become unseen. */
static void finding_unseen(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	uint32_t uid;

	fill(r, m, 400, 0);
	rig_store(m, "1:299", STORE_ADD, FLAG_SEEN, NULL);
	assert_int_equal(mailbox_first_unseen(m, &uid).code, ERR_OK);
	assert_int_equal(uid, 300);
	assert_unseen(m, "300:400");
	rig_store(m, "2,350", STORE_REPLACE, 0, NULL);
	assert_unseen(m, "2,300:400");
	rig_store(m, "1:400", STORE_ADD, FLAG_SEEN, NULL);
	assert_unseen(m, "");
	rig_store(m, "77", STORE_REMOVE, FLAG_SEEN, NULL);
	assert_unseen(m, "77");
	mailbox_close(m);
}

/* A delivery does not read the UIDs; who comes later finds all. */
static void append_unloaded(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox *n;

	fill(r, m, 100, 0);
	mailbox_close(m);
	rig_reopen(r);
	assert_int_equal(
		mailbox_open_to_append(r->account, S("INBOX"), &m).code,
		ERR_OK);
	assert_int_equal(rig_append(r, m, TEXT, 0), 101);
	n = rig_open(r, "INBOX");
	assert_ptr_equal(m, n);
	assert_uids(n, "1:101");
	assert_int_equal(rig_append(r, m, TEXT, 0), 102);
	assert_uids(n, "1:102");
	mailbox_close(m);
	mailbox_close(n);
}

/* More mailboxes than are kept idle; each is as it was left. */
static void many_open(struct rig *r)
{
	char name[16];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 30; i++) {
			struct mailbox *m;

			snprintf(name, sizeof name, "m%d", i);
			m = round == 0 ? make(r, name) : rig_open(r, name);
			assert_int_equal(rig_append(r, m, TEXT, 0), round + 1);
			mailbox_close(m);
		}
	}
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "appending", appending },
		{ "empty message", empty_message },
		{ "all or none", all_or_none },
		{ "keywords come with records", keywords_come_with_records },
		{ "last UIDs", last_uids },
		{ "imported UIDs", import_uids },
		{ "storing", storing },
		{ "conditional", conditional },
		{ "many keywords", many_keywords },
		{ "removing", removing },
		{ "expunging", expunging },
		{ "copying", copying },
		{ "moving", moving },
		{ "replacing", replacing },
		{ "pieces", pieces },
		{ "walking", walking },
		{ "finding", finding },
		{ "finding_unseen", finding_unseen },
		{ "append unloaded", append_unloaded },
		{ "many open", many_open },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
