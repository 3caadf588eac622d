/*
 * salvage_test.c -- each message in each place, from packs alone.
 *
 * Letters go to three people at once and are then copied, moved and their
 * mailboxes renamed. The index is lost, `roost store salvage` is run, and
 * every letter must be where it was, with that person's date.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "cli/verb.h"
#include "mailbox/imported.h"
#include "mailbox/mailbox.h"

enum { PEOPLE = 3, LETTERS = 8, FILLERS = 80, UIDS = 100 };
enum { FIRST_DATE = 1795000000, LETTER_STEP = 1000, LETTER_DATE = 1767225600 };

static const char *const people[PEOPLE] = { "ann@example.org",
	                                    "bob@example.org",
	                                    "cid@example.org" };

struct site {
	char top[32];
	char dir[48];
	char conf[64];
	char partition[64];
};

/* `roost -c CONF store VERB`, its exit status. */
static int store_verb(const struct site *s, const char *verb)
{
	char *argv[] = { (char *)"roost", (char *)"-c", (char *)s->conf,
		         (char *)"store", (char *)verb, NULL };
	struct call call;
	int status;

	if (!call_parse(5, argv, &call, &status))
		return status;
	return call.verb->run(&call);
}

static int set_up(void **state)
{
	struct site *s = calloc(1, sizeof *s);
	char *argv[] = { (char *)"roost", (char *)"init", s->dir, NULL };
	struct call call;
	int status;

	strcpy(s->top, "/tmp/roost-salvage-XXXXXX");
	if (mkdtemp(s->top) == NULL)
		return -1;
	snprintf(s->dir, sizeof s->dir, "%s/roost", s->top);
	snprintf(s->conf, sizeof s->conf, "%s/roost.conf", s->dir);
	snprintf(s->partition, sizeof s->partition, "%s/partition/0", s->dir);
	*state = s;
	if (!call_parse(3, argv, &call, &status))
		return -1;
	return call.verb->run(&call);
}

static int tear_down(void **state)
{
	struct site *s = *state;

	remove_all(s->top);
	free(s);
	return 0;
}

/* -- in the store -- */

struct task {
	const char *partition;
	void (*run)(struct model *);
};

/* Packs of a few messages, so that there is something to reclaim. */
static void task_main(struct loop *loop, void *arg)
{
	struct partition_options options = { .pack_bytes = 4000 };
	struct task *t = arg;
	struct partition *partition;
	struct model *model;

	assert_true(
		is_ok(partition_open(loop, t->partition, options, &partition)));
	model = model_new(partition, &system_clock);
	t->run(model);
	model_free(model);
	partition_close(partition);
}

static void in_store(const struct site *s, void (*run)(struct model *))
{
	struct task t = { s->partition, run };

	task_run_main(task_main, &t);
}

static struct account *open_person(struct model *model, size_t i)
{
	struct account *account;

	assert_true(is_ok(account_open(model, 1 + i, &account)));
	return account;
}

static bool is_dated(size_t letter)
{
	return letter % 2 != 0 && letter <= LETTERS;
}

/* Some say when they were written. */
static void letter_text(size_t n, char text[96])
{
	const char *date = "Date: 1 Jan 2026 01:00:00 +0100\r\n";

	snprintf(text, 96, "Subject: letter %zu\r\n%s\r\nDear all, ...\r\n", n,
	         is_dated(n) ? date : "");
}

static int64_t date_of(size_t letter, size_t person)
{
	return (int64_t)(FIRST_DATE + LETTER_STEP * letter + person);
}

/* One message, some recipients, as deliver/ does it. */
static void deliver(struct model *model, size_t letter, size_t recipients)
{
	struct incoming *message = incoming_new(model);
	char text[96];

	letter_text(letter, text);
	assert_true(is_ok(incoming_write(message, slice_cstr(text))));
	assert_true(is_ok(incoming_finish(message)));
	for (size_t i = 0; i < recipients; i++) {
		struct new_message n = { .message = message,
			                 .internaldate = date_of(letter, i),
			                 .zone = -300 };
		struct account *account = open_person(model, i);
		struct mailbox *inbox;
		uint32_t uid;

		assert_true(is_ok(mailbox_open(account, S("INBOX"), &inbox)));
		assert_true(is_ok(mailbox_append(inbox, &n, 1, &uid)));
		mailbox_close(inbox);
		account_close(account);
	}
	incoming_free(message);
}

static void transfer(struct account *a, struct slice from, uint32_t first,
                     uint32_t last, struct slice to, bool move)
{
	struct uidset uids = { 0 };
	struct uidset taken = { 0 };
	struct uidset given = { 0 };
	struct mailbox *source;
	struct mailbox *destination;

	uidset_add_range(&uids, first, last);
	assert_true(is_ok(mailbox_open(a, from, &source)));
	assert_true(is_ok(mailbox_open(a, to, &destination)));
	assert_true(is_ok(mailbox_copy(source, &uids, destination, move, &taken,
	                               &given)));
	assert_int_equal(uidset_count(&given), last - first + 1);
	mailbox_close(destination);
	mailbox_close(source);
	uidset_free(&uids);
	uidset_free(&taken);
	uidset_free(&given);
}

static void expunge(struct account *a, struct slice name, uint32_t first,
                    uint32_t last)
{
	struct flag_change deleted = { .mode = STORE_ADD,
		                       .flags = FLAG_DELETED };
	struct uidset uids = { 0 };
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	struct mailbox *mailbox;
	uint64_t modseq;

	uidset_add_range(&uids, first, last);
	assert_true(is_ok(mailbox_open(a, name, &mailbox)));
	assert_true(is_ok(mailbox_store(mailbox, &uids, &deleted, &changed,
	                                &failed, &modseq)));
	assert_true(is_ok(mailbox_expunge(mailbox, &uids, &changed)));
	assert_int_equal(uidset_count(&changed), last - first + 1);
	mailbox_close(mailbox);
	uidset_free(&uids);
	uidset_free(&changed);
	uidset_free(&failed);
}

static void rename_ok(struct account *a, struct slice from, struct slice to)
{
	assert_true(is_ok(mailbox_rename(a, from, to)));
}

/*
 * ann: 5 and 6 are moved to Work and on to Work/done, which is renamed
 *      twice with its parent; 7 and 8 are copied to Archive
 * bob: all are moved to Old by RENAME INBOX
 * cid: 1 is copied within INBOX
 */
static void spread(struct model *model)
{
	struct account *a;

	for (size_t i = 0; i < PEOPLE; i++)
		assert_true(is_ok(
			account_create(model, 1 + i, slice_cstr(people[i]))));
	for (size_t n = 1; n <= LETTERS; n++)
		deliver(model, n, PEOPLE);
	a = open_person(model, 0);
	assert_true(is_ok(mailbox_create(a, S("Work/done"), 0)));
	transfer(a, S("INBOX"), 5, 6, S("Work"), true);
	transfer(a, S("Work"), 1, 2, S("Work/done"), true);
	transfer(a, S("INBOX"), 7, 8, S("Archive"), false);
	rename_ok(a, S("Work"), S("Toil"));
	rename_ok(a, S("Toil"), S("Play"));
	assert_true(is_ok(mailbox_create(a, S("Work"), 0)));
	account_close(a);
	a = open_person(model, 1);
	rename_ok(a, S("INBOX"), S("Old"));
	account_close(a);
	a = open_person(model, 2);
	transfer(a, S("INBOX"), 1, 1, S("INBOX"), false);
	account_close(a);
}

static const struct where {
	size_t person;
	const char *mailbox;
	unsigned letters; /* bit n: letter n */
	uint32_t messages;
} everywhere[] = {
	{ 0, "INBOX", 0x19e, 6 },     { 0, "Play/done", 0x060, 2 },
	{ 0, "Archive", 0x180, 2 },   { 1, "INBOX", 0, 0 },
	{ 1, "Old", 0x1fe, LETTERS }, { 2, "INBOX", 0x1fe, LETTERS + 1 },
};

/* -- out of it -- */

static void assert_text(struct mailbox *mailbox, uint32_t uid, size_t letter)
{
	struct blob_reader *reader;
	struct slice got;
	char text[96];

	letter_text(letter, text);
	assert_true(is_ok(mailbox_message(mailbox, uid, &reader)));
	assert_true(is_ok(blob_read(reader, 0, &got)));
	assert_true(slice_eq(got, slice_cstr(text)));
	blob_close(reader);
}

/* The letters in a mailbox; each has the date of that person's copy. */
static unsigned letters_in(struct account *a, const struct where *w,
                           uint32_t *n)
{
	struct uidset all = { 0 };
	struct mailbox *mailbox;
	struct record_walk walk;
	struct record r;
	unsigned seen = 0;

	assert_true(is_ok(mailbox_open(a, slice_cstr(w->mailbox), &mailbox)));
	uidset_add_range(&all, 1, UIDS);
	walk = mailbox_walk(mailbox, &all);
	for (*n = 0; record_walk_next(&walk, &r); ++*n) {
		size_t letter =
			(size_t)(r.internaldate - FIRST_DATE) / LETTER_STEP;

		assert_int_equal(r.internaldate, date_of(letter, w->person));
		assert_int_equal(r.zone, -300);
		assert_int_equal(r.sent, is_dated(letter) ? LETTER_DATE
		                                          : r.internaldate);
		assert_text(mailbox, r.uid, letter);
		if (letter <= LETTERS)
			seen |= 1u << letter;
	}
	assert_true(is_ok(walk.e));
	mailbox_close(mailbox);
	uidset_free(&all);
	return seen;
}

static void assert_everywhere(struct model *model)
{
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
		const struct where *w = &everywhere[i];
		struct account *a = open_person(model, w->person);
		uint32_t n;

		assert_true(slice_eq(account_name(a),
		                     slice_cstr(people[w->person])));
		assert_int_equal(letters_in(a, w, &n), w->letters);
		assert_int_equal(n, w->messages);
		account_close(a);
	}
}

/* Expunged ones may be back, so there may be more. */
static void assert_at_least(struct model *model)
{
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
		const struct where *w = &everywhere[i];
		struct account *a = open_person(model, w->person);
		unsigned want = w->letters;
		uint32_t n;

		if (w->person == 0 && i == 0)
			want &= ~0x1eu; /* ann has expunged hers */
		assert_int_equal(letters_in(a, w, &n) & want, want);
		account_close(a);
	}
}

static void lose_index_and_salvage(const struct site *s)
{
	char index[96];

	assert_int_equal(store_verb(s, "check"), EX_OK);
	snprintf(index, sizeof index, "%s/index.lmdb", s->partition);
	assert_int_equal(unlink(index), 0);
	assert_int_equal(store_verb(s, "check"), EX_DATAERR);
	assert_int_equal(store_verb(s, "salvage"), EX_OK);
	assert_int_equal(store_verb(s, "check"), EX_OK);
}

static void each_in_each_place(void **state)
{
	const struct site *s = *state;

	in_store(s, spread);
	in_store(s, assert_everywhere);
	lose_index_and_salvage(s);
	in_store(s, assert_everywhere);
}

/* What is expunged takes most of the packs with it. */
static void expunge_and_reclaim(struct model *model)
{
	struct account *a;
	bool did = true;
	int packs = 0;

	for (size_t n = 1; n <= FILLERS; n++)
		deliver(model, LETTERS + n, 1);
	a = open_person(model, 0);
	expunge(a, S("INBOX"), LETTERS + 1, LETTERS + FILLERS);
	expunge(a, S("INBOX"), 1, 4);
	account_close(a);
	for (; did; packs++)
		assert_true(
			is_ok(partition_reclaim(model_partition(model), &did)));
	assert_true(packs > 3);
}

static void after_reclaim(void **state)
{
	const struct site *s = *state;

	in_store(s, spread);
	in_store(s, expunge_and_reclaim);
	lose_index_and_salvage(s);
	in_store(s, assert_at_least);
}

/* -- UIDVALIDITY -- */

#define AHEAD UINT32_C(4000000000) /* of the clock, by 70 years */

/* A mailbox whose UIDVALIDITY came from elsewhere, and one made behind it. */
static void run_ahead(struct model *model)
{
	struct mailbox *mailbox;
	struct account *a;

	assert_true(is_ok(account_create(model, 1, S("ann@example.org"))));
	a = open_person(model, 0);
	assert_true(is_ok(mailbox_create(a, S("Far"), 0)));
	assert_true(is_ok(mailbox_open(a, S("Far"), &mailbox)));
	assert_true(is_ok(mailbox_set_uids(mailbox, AHEAD, 1)));
	mailbox_close(mailbox);
	assert_true(is_ok(mailbox_create(a, S("Next"), 0)));
	account_close(a);
}

static void run_ahead_with_a_letter(struct model *model)
{
	struct account *a;

	run_ahead(model);
	deliver(model, 1, 1);
	a = open_person(model, 0);
	transfer(a, S("INBOX"), 1, 1, S("Next"), false);
	account_close(a);
}

/* "Next" was AHEAD + 1. */
static void assert_further(struct model *model)
{
	struct account *a = open_person(model, 0);
	struct mailbox_status status;

	assert_true(is_ok(mailbox_status(a, 0, S("INBOX"), &status)));
	assert_true(status.uidvalidity > AHEAD + 1);
	assert_true(is_ok(mailbox_status(a, 0, S("Trash"), &status)));
	assert_true(status.uidvalidity > AHEAD + 1);
	account_close(a);
}

static void above_what_packs_know(void **state)
{
	const struct site *s = *state;

	in_store(s, run_ahead_with_a_letter);
	lose_index_and_salvage(s);
	in_store(s, assert_further);
}

static void above_what_the_index_knows(void **state)
{
	const struct site *s = *state;

	in_store(s, run_ahead);
	assert_int_equal(store_verb(s, "salvage"), EX_OK);
	in_store(s, assert_further);
}

/* A reference whose message is lost costs that message, nothing else. */
static void without_a_message(void **state)
{
	const struct site *s = *state;
	char pack[96];
	FILE *f;

	in_store(s, spread);
	snprintf(pack, sizeof pack, "%s/pack/00000001", s->partition);
	f = fopen(pack, "r+");
	assert_non_null(f);
	fputs("rotten", f); /* letter 1 */
	fclose(f);
	snprintf(pack, sizeof pack, "%s/index.lmdb", s->partition);
	assert_int_equal(unlink(pack), 0);
	assert_int_equal(store_verb(s, "salvage"), EX_OK);
	assert_int_equal(store_verb(s, "check"), EX_OK);
}

static void assert_all_but_one(struct model *model)
{
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
		const struct where *w = &everywhere[i];
		struct account *a = open_person(model, w->person);
		uint32_t n;

		assert_int_equal(letters_in(a, w, &n), w->letters & ~2u);
		account_close(a);
	}
}

static void lost_message(void **state)
{
	without_a_message(state);
	in_store(*state, assert_all_but_one);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_in_each_place),
		TEST(after_reclaim),
		TEST(lost_message),
		TEST(above_what_packs_know),
		TEST(above_what_the_index_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
