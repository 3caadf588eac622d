/*
 * seen.c -- what visitors have seen: whose \Seen is told and to whom, and that
 * it stays right through all that can happen to messages and mailboxes. After
 * each case the partition is opened anew and checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailbox/acl.h"
#include "mailbox/seen.h"
#include "rig.h"

#define TEXT "Subject: hello\r\n\r\nbody\r\n"

enum { BOB = 8, EVE = 9 };

static struct mailbox *filled(struct rig *r, const char *name, int n)
{
	struct mailbox *m = rig_open(r, name);

	for (int i = 0; i < n; i++)
		rig_append(r, m, TEXT, 0);
	return m;
}

static void change(struct mailbox *m, uint64_t user, enum store_mode mode,
                   uint8_t flags, const char *uids)
{
	struct uidset set = rig_set(uids);
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	struct flag_change what = { .mode = mode,
		                    .flags = flags,
		                    .user = user };
	uint64_t modseq;

	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	uidset_free(&set);
	uidset_free(&changed);
	uidset_free(&failed);
}

static void read_by(struct mailbox *m, uint64_t user, const char *uids)
{
	change(m, user, STORE_ADD, FLAG_SEEN, uids);
}

/* By view_find(), by each record, and by the number that STATUS says. */
static void assert_seen(struct rig *r, struct mailbox *m, uint64_t user,
                        const char *uids)
{
	struct view *v = view_new(m, user, false, NULL, NULL);
	struct record_walk w = view_walk(v, view_uids(v));
	struct uidset found = { 0 };
	struct uidset walked = { 0 };
	struct mailbox_status status;
	struct record record;

	assert_int_equal(view_find(v, FLAG_SEEN, FLAG_SEEN, 0, &found).code,
	                 ERR_OK);
	while (record_walk_next(&w, &record))
		if (record.flags & FLAG_SEEN)
			uidset_add(&walked, record.uid);
	assert_true(is_ok(w.e));
	assert_true(uidset_eq(&found, &walked));
	assert_int_equal(
		mailbox_status(r->account, user, mailbox_name(m), &status).code,
		ERR_OK);
	assert_int_equal(status.messages - status.unseen, uidset_count(&found));
	rig_assert_set(&found, uids);
	uidset_free(&walked);
	view_free(v);
}

/* The ranges of the row itself; "" when there is none. */
static void assert_row(struct rig *r, struct mailbox *m, uint64_t user,
                       const char *ranges)
{
	struct mailbox_status status;
	struct store_key key;
	struct uidrange v[64];
	struct seen_row row = { .v = v };
	struct uidset set = { 0 };
	struct slice value;

	mailbox_get_status(m, &status);
	key = key_seen(RIG_ACCOUNT, status.id, user);
	if (is_ok(store_get(r->partition, store_key_slice(&key), &value)))
		assert_int_equal(seen_open(value, &row).code, ERR_OK);
	for (size_t i = 0; i < row.n; i++)
		uidset_add_range(&set, v[i].first, v[i].last);
	rig_assert_set(&set, ranges);
}

static void apart(struct rig *r)
{
	struct mailbox *m = filled(r, "INBOX", 5);

	read_by(m, 0, "1:2");
	read_by(m, BOB, "2:3");
	read_by(m, EVE, "5");
	assert_seen(r, m, 0, "1:2");
	assert_seen(r, m, RIG_ACCOUNT, "1:2");
	assert_seen(r, m, BOB, "2:3");
	assert_seen(r, m, EVE, "5");
	change(m, BOB, STORE_REMOVE, FLAG_SEEN, "1,4:5");
	assert_seen(r, m, BOB, "2:3");
	change(m, BOB, STORE_REMOVE, FLAG_SEEN, "1:2");
	assert_seen(r, m, BOB, "3");
	change(m, BOB, STORE_REPLACE, FLAG_FLAGGED, "3");
	assert_seen(r, m, BOB, "");
	assert_row(r, m, BOB, "");
	assert_seen(r, m, 0, "1:2");
	mailbox_close(m);
}

static void count_flags(void *arg, const struct view_event *e)
{
	*(unsigned *)arg += e->kind == VIEW_FLAGS;
}

static unsigned told(struct view *v)
{
	unsigned n = 0;

	view_sync(v, EXPUNGES_BY_NUMBER, count_flags, &n);
	view_check(v);
	return n;
}

/* His own sessions are told of \Seen, all others of what is everybody's; the
 * modseq rises for all. */
static void telling(struct rig *r)
{
	struct mailbox *m = filled(r, "INBOX", 4);
	struct view *owner = view_new(m, 0, false, NULL, NULL);
	struct view *bob = view_new(m, BOB, false, NULL, NULL);
	struct view *other = view_new(m, BOB, false, NULL, NULL);
	struct view *eve = view_new(m, EVE, false, NULL, NULL);
	uint64_t before = rig_status(r, "INBOX").highestmodseq;
	struct uidset newer = { 0 };

	read_by(m, BOB, "1:2");
	assert_int_equal(told(bob), 2);
	assert_int_equal(told(other), 2);
	assert_int_equal(told(owner), 0);
	assert_int_equal(told(eve), 0);
	assert_int_equal(view_find(bob, 0, 0, before, &newer).code, ERR_OK);
	rig_assert_set(&newer, "1:2");
	read_by(m, 0, "1:3");
	assert_int_equal(told(owner), 3);
	assert_int_equal(told(bob), 0);
	change(m, BOB, STORE_ADD, FLAG_SEEN | FLAG_FLAGGED, "2:4");
	assert_int_equal(told(bob), 3);
	assert_int_equal(told(owner), 3);
	assert_int_equal(told(eve), 3);
	view_free(owner);
	view_free(bob);
	view_free(other);
	view_free(eve);
	mailbox_close(m);
}

/* What is not there any more divides no range. */
static void expunging(struct rig *r)
{
	struct mailbox *m = filled(r, "INBOX", 9);

	read_by(m, BOB, "1:3,5:7,9");
	assert_row(r, m, BOB, "1:3,5:7,9");
	rig_expunge(m, "2,4");
	assert_row(r, m, BOB, "1:7,9");
	assert_seen(r, m, BOB, "1,3,5:7,9");
	rig_expunge(m, "9");
	assert_row(r, m, BOB, "1:7");
	read_by(m, BOB, "8");
	assert_row(r, m, BOB, "1:8");
	change(m, BOB, STORE_REMOVE, FLAG_SEEN, "3");
	assert_row(r, m, BOB, "1,5:8");
	rig_expunge(m, "1,5:8");
	assert_row(r, m, BOB, "");
	rig_append(r, m, TEXT, 0);
	assert_seen(r, m, BOB, "");
	mailbox_close(m);
}

static void copy(struct mailbox *from, const char *uids, struct mailbox *to,
                 bool move, struct flag_rights may)
{
	struct uidset set = rig_set(uids);
	struct uidset taken = { 0 };
	struct uidset made = { 0 };

	assert_int_equal(
		mailbox_copy_allowed(from, &set, to, move, may, &taken, &made)
			.code,
		ERR_OK);
	uidset_free(&set);
	uidset_free(&taken);
	uidset_free(&made);
}

static void copying(struct rig *r)
{
	static const struct flag_rights all = { UINT8_MAX, true, 0 };
	static const struct flag_rights none = { FLAG_FLAGGED, false, BOB };
	struct mailbox *m = filled(r, "INBOX", 6);
	struct mailbox *archive = rig_open(r, "Archive");

	read_by(m, BOB, "2:3");
	read_by(m, EVE, "3");
	read_by(m, 0, "1");
	copy(m, "1:3", archive, false, all);
	assert_seen(r, archive, BOB, "2:3");
	assert_seen(r, archive, EVE, "3");
	assert_seen(r, archive, 0, "1");
	/* without the right "s" his own stays behind, others' don't */
	copy(m, "1:3", archive, false, none);
	assert_seen(r, archive, BOB, "2:3");
	assert_seen(r, archive, EVE, "3,6");
	assert_seen(r, archive, 0, "1,4");
	copy(m, "3", archive, true, all);
	assert_seen(r, archive, BOB, "2:3,7");
	assert_seen(r, m, BOB, "2");
	/* within one mailbox */
	copy(m, "1:2", m, true, all);
	assert_seen(r, m, BOB, "8");
	assert_seen(r, m, 0, "7");
	mailbox_close(archive);
	mailbox_close(m);
}

static void bringing(struct rig *r)
{
	struct mailbox *m = filled(r, "INBOX", 2);
	struct incoming *one = rig_incoming(r, TEXT);
	struct new_message by_bob = { .message = one,
		                      .flags = FLAG_SEEN | FLAG_DRAFT,
		                      .user = BOB };
	uint32_t uid;

	read_by(m, BOB, "1");
	assert_int_equal(mailbox_append(m, &by_bob, 1, &uid).code, ERR_OK);
	assert_seen(r, m, BOB, "1,3");
	assert_seen(r, m, 0, "");
	/* the old one goes and the new one comes in one change */
	assert_int_equal(mailbox_replace(m, 1, m, &by_bob, &uid).code, ERR_OK);
	assert_seen(r, m, BOB, "3:4");
	by_bob.flags = 0;
	assert_int_equal(mailbox_replace(m, 3, m, &by_bob, &uid).code, ERR_OK);
	assert_seen(r, m, BOB, "4");
	incoming_free(one);
	mailbox_close(m);
}

static void renaming(struct rig *r)
{
	struct mailbox *m = filled(r, "INBOX", 3);
	struct mailbox *old;
	struct view *v;

	read_by(m, BOB, "1,3");
	assert_int_equal(mailbox_rename(r->account, S("INBOX"), S("Old")).code,
	                 ERR_OK);
	assert_seen(r, m, BOB, "");
	mailbox_close(m);
	old = rig_open(r, "Old");
	assert_seen(r, old, BOB, "1,3");
	assert_int_equal(mailbox_rename(r->account, S("Old"), S("New")).code,
	                 ERR_OK);
	assert_seen(r, old, BOB, "1,3");
	/* one that is looked at is deleted */
	v = view_new(old, BOB, false, NULL, NULL);
	assert_int_equal(mailbox_delete(r->account, S("New")).code, ERR_OK);
	view_free(v);
	mailbox_close(old);
	old = filled(r, "INBOX", 1);
	assert_seen(r, old, BOB, "");
	mailbox_close(old);
}

/* Many, with and without gaps, against a plain array. */
static void at_random(struct rig *r)
{
	enum { N = 60, ROUNDS = 300 };
	struct mailbox *m = filled(r, "INBOX", N);
	bool seen[N + 1] = { false };
	bool there[N + 1];
	unsigned state = 1;

	memset(there, true, sizeof there);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned uid, what;
		struct uidset expected = { 0 };
		struct buf text = { 0 };
		char one[16];

		state = state * 1103515245 + 12345;
		uid = state / 65536 % N + 1;
		what = state / 64 % 8;
		if (!there[uid])
			continue;
		snprintf(one, sizeof one, "%u", uid);
		seen[uid] = what < 5;
		if (what == 7) {
			rig_expunge(m, one);
			there[uid] = false;
		} else {
			change(m, BOB, what < 5 ? STORE_ADD : STORE_REMOVE,
			       FLAG_SEEN, one);
		}
		for (uint32_t k = 1; k <= N; k++)
			if (there[k] && seen[k])
				uidset_add(&expected, k);
		uidset_write(&expected, &text);
		buf_byte(&text, '\0');
		assert_seen(r, m, BOB, text.data);
		uidset_free(&expected);
		buf_free(&text);
	}
	mailbox_close(m);
	rig_reopen(r);
}

static void put_row(struct rig *r, uint64_t user, struct slice row)
{
	struct store_key key = key_seen(RIG_ACCOUNT, 1, user);
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);

	if (row.len != 0)
		batch_put(b, store_key_slice(&key), row);
	else
		batch_delete(b, store_key_slice(&key));
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

/* What Bob has seen is the row, then as much of it as is said, with another
 * octet at a place. */
static void damage(struct rig *r, struct slice row, size_t len, size_t at)
{
	char copy[64];

	memcpy(copy, row.ptr, row.len);
	if (at < len)
		copy[at]++;
	put_row(r, BOB, slice_of(copy, len));
	assert_int_equal(rig_problems(r), 1);
}

/* The check finds it; nobody is held up by it, and what is seen next is
 * right again. */
static void damaged(struct rig *r)
{
	struct mailbox *m = filled(r, "INBOX", 6);
	struct store_key key = key_seen(RIG_ACCOUNT, 1, BOB);
	char whole[64];
	struct slice row;

	read_by(m, BOB, "2:3");
	read_by(m, EVE, "1:6");
	mailbox_close(m);
	assert_int_equal(rig_problems(r), 0);
	assert_int_equal(
		store_get(r->partition, store_key_slice(&key), &row).code,
		ERR_OK);
	assert_true(row.len <= sizeof whole);
	memcpy(whole, row.ptr, row.len);
	row.ptr = whole;
	damage(r, row, row.len, 7); /* the modseq */
	damage(r, row, row.len, 8); /* how many */
	damage(r, row, 5, 64);
	damage(r, row, row.len - 1, 64);
	m = rig_open(r, "INBOX");
	assert_seen(r, m, BOB, "");
	assert_seen(r, m, EVE, "1:6");
	rig_expunge(m, "6");
	assert_seen(r, m, EVE, "1:5");
	read_by(m, BOB, "4");
	assert_seen(r, m, BOB, "4");
	mailbox_close(m);
	assert_int_equal(rig_problems(r), 0);
	/* without one */
	put_row(r, BOB, S(""));
	assert_int_equal(rig_problems(r), 0);
	m = rig_open(r, "INBOX");
	assert_seen(r, m, BOB, "");
	/* the owner's is not here */
	put_row(r, RIG_ACCOUNT, row);
	mailbox_close(m);
	assert_int_not_equal(rig_problems(r), 0);
	put_row(r, RIG_ACCOUNT, S(""));
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "apart", apart },         { "telling", telling },
		{ "expunging", expunging }, { "copying", copying },
		{ "bringing", bringing },   { "renaming", renaming },
		{ "at random", at_random }, { "damaged", damaged },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
