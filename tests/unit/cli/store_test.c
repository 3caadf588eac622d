/*
 * store_test.c -- init, store check and store salvage, as they are called.
 *
 * A directory is made, mail is put into a partition, its index is lost, and
 * the verbs must say so and bring the mail back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "cli/verb.h"
#include "mailbox/mailbox.h"
#include "store/batch.h"
#include "store/keys.h"

enum { ACCOUNT = 7, EMPTY_ACCOUNT = 9 };

struct place {
	char top[32];
	char dir[64];
	char conf[96];
	char partition[96];
};

/* `roost WORDS...`, its exit status; standard output is not looked at. */
static int roost(const char *const words[8])
{
	char *argv[10] = { (char *)"roost" };
	struct call call;
	int status;
	int argc = 1;

	for (int i = 0; i < 8 && words[i] != NULL; i++)
		argv[argc++] = (char *)words[i];
	if (!call_parse(argc, argv, &call, &status))
		return status;
	return call.verb->run(&call);
}

#define ROOST(...) roost((const char *const[8]){ __VA_ARGS__ })

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	strcpy(p->top, "/tmp/roost-cli-XXXXXX");
	if (mkdtemp(p->top) == NULL)
		return -1;
	snprintf(p->dir, sizeof p->dir, "%s/roost", p->top);
	snprintf(p->conf, sizeof p->conf, "%s/roost.conf", p->dir);
	snprintf(p->partition, sizeof p->partition, "%s/partition/0", p->dir);
	*state = p;
	return ROOST("init", p->dir, "--imap-port", "20143", "--hostname",
	             "mail.example.org");
}

static int tear_down(void **state)
{
	struct place *p = *state;

	remove_all(p->top);
	free(p);
	return 0;
}

/* -- mail, put in and read out -- */

struct task {
	const char *partition;
	void (*run)(struct model *);
};

static void task_main(struct loop *loop, void *arg)
{
	struct task *t = arg;
	struct partition *partition;
	struct model *model;

	assert_int_equal(partition_open(loop, t->partition,
	                                (struct partition_options){ 0 },
	                                &partition)
	                         .code,
	                 ERR_OK);
	model = model_new(partition, &system_clock);
	t->run(model);
	model_free(model);
	partition_close(partition);
}

static void in_partition(const struct place *p, void (*run)(struct model *))
{
	struct task t = { p->partition, run };

	task_run_main(task_main, &t);
}

static void append(struct model *model, struct account *account,
                   const char *name, const char *text, uint8_t flags)
{
	struct new_message m = { .message = incoming_new(model),
		                 .flags = flags,
		                 .internaldate = 1795235400,
		                 .zone = 60 };
	struct mailbox *mailbox;
	uint32_t uid;

	assert_true(is_ok(incoming_write(m.message, slice_cstr(text))));
	assert_true(is_ok(incoming_finish(m.message)));
	assert_true(is_ok(mailbox_open(account, slice_cstr(name), &mailbox)));
	assert_true(is_ok(mailbox_append(mailbox, &m, 1, &uid)));
	mailbox_close(mailbox);
	incoming_free(m.message);
}

static void put_mail(struct model *model)
{
	struct account *account;
	char text[64];

	assert_true(is_ok(
		account_create(model, EMPTY_ACCOUNT, S("empty@example.org"))));
	assert_true(
		is_ok(account_create(model, ACCOUNT, S("ann@example.org"))));
	assert_true(is_ok(account_open(model, ACCOUNT, &account)));
	assert_true(is_ok(mailbox_create(account, S("Lists/roost"), 0)));
	for (int i = 0; i < 150; i++) {
		snprintf(text, sizeof text, "Subject: %d\n\ntext\n", i);
		append(model, account, i % 2 ? "INBOX" : "Lists/roost", text,
		       i == 1 ? FLAG_FLAGGED : 0);
	}
	account_close(account);
}

/* Of the INBOX. */
static void damage_seen(struct model *model)
{
	struct store_key key = key_seen(ACCOUNT, 1, EMPTY_ACCOUNT);
	struct batch *b = batch_new(model_partition(model), ACCOUNT);

	batch_put(b, store_key_slice(&key), S("damage"));
	assert_true(is_ok(batch_commit(b)));
}

static void assert_message(struct mailbox *mailbox, uint32_t uid,
                           const char *text)
{
	struct blob_reader *reader;
	struct record record;
	struct slice got;

	assert_true(is_ok(mailbox_record(mailbox, uid, &record)));
	assert_int_equal(record.internaldate, 1795235400);
	assert_int_equal(record.zone, 60);
	assert_int_equal(record.flags, FLAG_FLAGGED);
	assert_true(is_ok(mailbox_message(mailbox, uid, &reader)));
	assert_true(is_ok(blob_read(reader, 0, &got)));
	assert_int_equal(got.len, strlen(text));
	assert_memory_equal(got.ptr, text, got.len);
	blob_close(reader);
}

static void assert_mail(struct model *model)
{
	struct mailbox_status status;
	struct account *account;
	struct mailbox *mailbox;

	assert_true(is_ok(account_open(model, ACCOUNT, &account)));
	assert_true(slice_eq(account_name(account), S("ann@example.org")));
	assert_true(is_ok(mailbox_status(account, 0, S("INBOX"), &status)));
	assert_int_equal(status.messages, 75);
	assert_true(
		is_ok(mailbox_status(account, 0, S("Lists/roost"), &status)));
	assert_int_equal(status.messages, 75);
	assert_true(is_ok(mailbox_open(account, S("INBOX"), &mailbox)));
	assert_message(mailbox, 1, "Subject: 1\r\n\r\ntext\r\n");
	mailbox_close(mailbox);
	account_close(account);
}

/* -- the tests -- */

static void init_refuses(void **state)
{
	const struct place *p = *state;

	assert_int_equal(ROOST("init", p->dir), EX_CANTCREAT);
	assert_int_equal(ROOST("init", "/nowhere/at/all"), EX_CANTCREAT);
	assert_int_equal(ROOST("init", p->top, "--imap-port", "0"), EX_USAGE);
	assert_int_equal(ROOST("init", p->top, "--lmtp-port", "65536"),
	                 EX_USAGE);
	assert_int_equal(ROOST("config", "check", "-c", p->conf), EX_OK);
	assert_int_equal(ROOST("config", "check", "-c", "/nowhere"), EX_CONFIG);
	assert_int_equal(ROOST("status", "-c", p->conf), EX_UNAVAILABLE);
}

static void check(void **state)
{
	const struct place *p = *state;
	char pack[160];
	FILE *file;

	in_partition(p, put_mail);
	assert_int_equal(ROOST("-c", p->conf, "store", "check"), EX_OK);
	assert_int_equal(ROOST("-c", p->conf, "store", "check", "--deep"),
	                 EX_OK);
	snprintf(pack, sizeof pack, "%s/pack/00000001", p->partition);
	if (access(pack, F_OK) != 0)
		snprintf(pack, sizeof pack, "%s/pack/00000000", p->partition);
	file = fopen(pack, "r+");
	assert_non_null(file);
	fseek(file, 2000, SEEK_SET);
	fputs("rotten", file);
	fclose(file);
	assert_int_equal(ROOST("-c", p->conf, "store", "check", "--deep"),
	                 EX_DATAERR);
}

static bool count_account(void *arg, uint64_t id, struct slice name)
{
	int *n = arg;

	assert_true(id == ACCOUNT || id == EMPTY_ACCOUNT);
	assert_true(name.len > 0);
	(*n)++;
	return true;
}

static void assert_mail_and_accounts(struct model *model)
{
	int n = 0;

	assert_true(is_ok(model_accounts(model, count_account, &n)));
	assert_int_equal(n, 2);
	assert_mail(model);
}

static void salvage(void **state)
{
	const struct place *p = *state;

	in_partition(p, put_mail);
	assert_int_equal(
		ROOST("-c", p->conf, "store", "salvage", "--partition", "4"),
		EX_USAGE);
	assert_int_equal(
		ROOST("-c", p->conf, "store", "salvage", "--partition", "0"),
		EX_OK);
	assert_int_equal(ROOST("-c", p->conf, "store", "check", "--deep"),
	                 EX_OK);
	in_partition(p, assert_mail_and_accounts);
	/* what was kept is not written over */
	assert_int_equal(
		ROOST("-c", p->conf, "store", "salvage", "--partition", "0"),
		EX_CANTCREAT);
}

/* What others have read is lost; nothing else is. */
static void salvage_with_damage(void **state)
{
	const struct place *p = *state;

	in_partition(p, put_mail);
	in_partition(p, damage_seen);
	assert_int_equal(ROOST("-c", p->conf, "store", "check"), EX_DATAERR);
	assert_int_equal(
		ROOST("-c", p->conf, "store", "salvage", "--partition", "0"),
		EX_OK);
	assert_int_equal(ROOST("-c", p->conf, "store", "check"), EX_OK);
	in_partition(p, assert_mail_and_accounts);
}

static void salvage_without_index(void **state)
{
	const struct place *p = *state;
	char index[128];

	in_partition(p, put_mail);
	snprintf(index, sizeof index, "%s/index.lmdb", p->partition);
	assert_int_equal(unlink(index), 0);
	assert_int_not_equal(ROOST("-c", p->conf, "store", "check"), EX_OK);
	assert_int_equal(
		ROOST("-c", p->conf, "store", "salvage", "--partition", "0"),
		EX_OK);
	assert_int_equal(ROOST("-c", p->conf, "store", "check"), EX_OK);
	in_partition(p, assert_mail);
}

static void salvage_of_a_served_store(void **state)
{
	const struct place *p = *state;
	char path[128];
	FILE *lock;

	snprintf(path, sizeof path, "%s/lock", p->partition);
	lock = fopen(path, "a");
	assert_int_equal(flock(fileno(lock), LOCK_EX), 0);
	assert_int_equal(ROOST("-c", p->conf, "store", "salvage"), EX_TEMPFAIL);
	fclose(lock);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(init_refuses),
		TEST(check),
		TEST(salvage),
		TEST(salvage_with_damage),
		TEST(salvage_without_index),
		TEST(salvage_of_a_served_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
