/* commit.c -- batches: what is there after a commit, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "rig.h"

static struct store_key numbered(uint32_t n)
{
	return key_mailbox(RIG_ACCOUNT, n);
}

static void put_number(struct batch *b, uint32_t n, uint32_t value)
{
	struct store_key key = numbered(n);

	put_le32(batch_put_room(b, store_key_slice(&key), 4), value);
}

static uint32_t get_number(struct partition *p, uint32_t n)
{
	struct store_key key = numbered(n);
	struct slice value;
	struct err e = store_get(p, store_key_slice(&key), &value);

	assert_true(e.code == ERR_OK || e.code == ERR_ABSENT);
	return e.code == ERR_OK ? get_le32(value.ptr) : 0;
}

static void sees_own_commit(struct partition *p)
{
	for (uint32_t n = 1; n <= 50; n++) {
		struct batch *b = batch_new(p, RIG_ACCOUNT);

		put_number(b, 1, n);
		assert_int_equal(batch_commit(b).code, ERR_OK);
		assert_int_equal(get_number(p, 1), n);
	}
}

static struct batch *batch_of_blob(struct partition *p, struct spool *s,
                                   uint32_t uid)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	batch_add_blob(b, s, rig_origin(uid));
	rig_put_digest(b, uid, spool_hash(s));
	return b;
}

/* -- groups -- */

enum { WRITERS = 64, ROUNDS = 20 };

struct crowd {
	struct partition *partition;
	uint32_t next;
	uint32_t left;
	struct wait_list done;
};

static void write_rounds(void *arg)
{
	struct crowd *crowd = arg;
	uint32_t me = ++crowd->next;

	for (uint32_t n = 1; n <= ROUNDS; n++) {
		struct batch *b = batch_new(crowd->partition, RIG_ACCOUNT);

		put_number(b, me, n);
		assert_int_equal(batch_commit(b).code, ERR_OK);
		assert_int_equal(get_number(crowd->partition, me), n);
	}
	crowd->left--;
	task_wake_all(&crowd->done);
}

static void many_tasks(struct partition *p)
{
	struct crowd crowd = { .partition = p, .left = WRITERS };
	struct partition_stats stats;

	for (uint32_t i = 0; i < WRITERS; i++)
		task_spawn(task_loop(), write_rounds, &crowd);
	while (crowd.left > 0)
		task_wait(&crowd.done, WAIT_FOREVER);
	partition_stats(p, &stats);
	assert_int_equal(stats.batches, WRITERS * ROUNDS);
	assert_true(stats.commits < stats.batches);
	for (uint32_t n = 1; n <= WRITERS; n++)
		assert_int_equal(get_number(p, n), ROUNDS);
}

struct alone {
	struct partition *partition;
	struct batch *batch;
	struct err result;
	uint32_t *left;
	struct wait_list *done;
};

static void commit_alone(void *arg)
{
	struct alone *a = arg;

	a->result = batch_commit(a->batch);
	--*a->left;
	task_wake_all(a->done);
}

/* One batch of a group refers to a blob that isn't there. */
static void faulty_fails_alone(struct partition *p)
{
	enum { N = 6, FAULTY = 3 };
	struct content_hash nothing = { { 0 } };
	struct alone alone[N];
	struct wait_list done = { 0 };
	uint32_t left = N;

	for (uint32_t i = 0; i < N; i++) {
		alone[i] = (struct alone){ p, batch_new(p, RIG_ACCOUNT), OK,
			                   &left, &done };
		put_number(alone[i].batch, 10 + i, 1);
		if (i == FAULTY)
			batch_keep_blob(alone[i].batch, &nothing,
			                rig_origin(1));
		task_spawn(task_loop(), commit_alone, &alone[i]);
	}
	while (left > 0)
		task_wait(&done, WAIT_FOREVER);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(alone[i].result.code,
		                 i == FAULTY ? ERR_CORRUPT : ERR_OK);
		assert_int_equal(get_number(p, 10 + i), i == FAULTY ? 0 : 1);
	}
}

/* -- entries -- */

static void later_entries_win(struct partition *p)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct store_key key = numbered(1);
	struct store_key mailboxes = key_table(RIG_ACCOUNT, T_MAILBOX);

	put_number(b, 1, 1);
	put_number(b, 1, 2);
	put_number(b, 2, 1);
	assert_int_equal(batch_commit(b).code, ERR_OK);
	assert_int_equal(get_number(p, 1), 2);

	b = batch_new(p, RIG_ACCOUNT);
	batch_delete(b, store_key_slice(&key));
	batch_delete(b, store_key_slice(&key));
	assert_int_equal(batch_commit(b).code, ERR_OK);
	assert_int_equal(get_number(p, 1), 0);
	assert_int_equal(get_number(p, 2), 1);

	b = batch_new(p, RIG_ACCOUNT);
	for (uint32_t n = 1; n < 500; n++)
		put_number(b, n, n);
	batch_delete_prefix(b, store_key_slice(&mailboxes));
	put_number(b, 7, 7);
	assert_int_equal(batch_commit(b).code, ERR_OK);
	for (uint32_t n = 1; n < 500; n++)
		assert_int_equal(get_number(p, n), n == 7 ? 7 : 0);
}

static void empty_and_dropped(struct partition *p)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct partition_stats stats;

	put_number(b, 1, 1);
	batch_drop(b);
	assert_int_equal(get_number(p, 1), 0);
	assert_int_equal(batch_commit(batch_new(p, RIG_ACCOUNT)).code, ERR_OK);
	partition_stats(p, &stats);
	assert_int_equal(stats.commits, 0);
}

/* -- references -- */

static struct err change_refs(struct partition *p,
                              const struct content_hash *hash, int by,
                              uint32_t uid)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct store_key key = key_message(RIG_ACCOUNT, T_DIGEST, 1, uid);

	if (by > 0) {
		batch_keep_blob(b, hash, rig_origin(uid));
		rig_put_digest(b, uid, hash);
	} else {
		batch_drop_blob(b, hash);
		batch_delete(b, store_key_slice(&key));
	}
	return batch_commit(b);
}

enum { REFERENCE = 160 }; /* octets, at the most, of the rig's */

static uint64_t dead_bytes(struct partition *p)
{
	struct partition_stats stats;

	partition_stats(p, &stats);
	return stats.dead_bytes;
}

static void same_message_once(struct partition *p)
{
	struct content_hash hash = rig_hash(p, 1, 5000);
	struct partition_stats one;
	struct partition_stats two;

	assert_int_equal(rig_store(p, 1, 1, 5000).code, ERR_OK);
	partition_stats(p, &one);
	assert_int_equal(rig_store(p, 2, 1, 5000).code, ERR_OK);
	partition_stats(p, &two);
	/* a reference, and not the message */
	assert_true(two.pack_bytes - one.pack_bytes < REFERENCE);
	assert_int_equal(two.pack_bytes - one.pack_bytes, two.dead_bytes);
	assert_int_equal(change_refs(p, &hash, +1, 3).code, ERR_OK);
	assert_int_equal(change_refs(p, &hash, -1, 1).code, ERR_OK);
	assert_int_equal(change_refs(p, &hash, -1, 2).code, ERR_OK);
	assert_true(rig_has(p, 1, 5000));
	assert_int_equal(dead_bytes(p), 2 * two.dead_bytes);
	assert_int_equal(change_refs(p, &hash, -1, 3).code, ERR_OK);
	assert_false(rig_has(p, 1, 5000));
	assert_int_equal(dead_bytes(p), one.pack_bytes + 2 * two.dead_bytes);
	assert_int_equal(change_refs(p, &hash, -1, 4).code, ERR_CORRUPT);
	assert_int_equal(rig_store(p, 5, 1, 5000).code, ERR_OK);
	assert_true(rig_has(p, 1, 5000));
}

/* Written, kept and dropped by batches of one group, and within one. */
static void same_message_in_group(struct partition *p)
{
	enum { N = 5 };
	char *text = rig_text(9, 70000);
	struct spool *spool = rig_spool(p, text, 70000);
	struct alone alone[N];
	struct wait_list done = { 0 };
	struct partition_stats stats;
	uint32_t left = N;

	for (uint32_t i = 0; i < N; i++) {
		alone[i] = (struct alone){ p, batch_of_blob(p, spool, i + 1),
			                   OK, &left, &done };
		batch_add_blob(alone[i].batch, spool, rig_origin(i + 1));
		batch_drop_blob(alone[i].batch, spool_hash(spool));
		task_spawn(task_loop(), commit_alone, &alone[i]);
	}
	while (left > 0)
		task_wait(&done, WAIT_FOREVER);
	partition_stats(p, &stats);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(alone[i].result.code, ERR_OK);
	assert_true(stats.pack_bytes < 2 * 70000);
	assert_true(stats.dead_bytes < 2 * N * REFERENCE);
	assert_true(rig_has(p, 9, 70000));
	spool_free(spool);
	free(text);
}

/* A blob that is added and dropped in one batch leaves dead octets. */
static void added_and_dropped(struct partition *p)
{
	char *text = rig_text(2, 1000);
	struct spool *spool = rig_spool(p, text, 1000);
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct partition_stats stats;

	batch_add_blob(b, spool, rig_origin(1));
	batch_drop_blob(b, spool_hash(spool));
	assert_int_equal(batch_commit(b).code, ERR_OK);
	partition_stats(p, &stats);
	assert_true(stats.dead_bytes > 0);
	assert_int_equal(stats.dead_bytes, stats.pack_bytes);
	spool_free(spool);
	free(text);
}

/* What was written for a batch that then failed is dead, not lost track of.
 */
static void faulty_after_blob(struct partition *p)
{
	struct content_hash nothing = { { 0 } };
	char *text = rig_text(3, 3000);
	struct spool *spool = rig_spool(p, text, 3000);
	struct batch *b = batch_of_blob(p, spool, 1);

	batch_drop_blob(b, &nothing);
	assert_int_equal(batch_commit(b).code, ERR_CORRUPT);
	assert_false(rig_has(p, 3, 3000));
	assert_int_equal(rig_store(p, 2, 4, 3000).code, ERR_OK);
	assert_true(rig_has(p, 4, 3000));
	assert_true(dead_bytes(p) > 0);
	spool_free(spool);
	free(text);
}

static const struct scene {
	const char *name;
	void (*run)(struct partition *);
} scenes[] = {
	{ "sees own commit", sees_own_commit },
	{ "many tasks", many_tasks },
	{ "faulty fails alone", faulty_fails_alone },
	{ "later entries win", later_entries_win },
	{ "empty and dropped", empty_and_dropped },
	{ "same message once", same_message_once },
	{ "same message in group", same_message_in_group },
	{ "added and dropped", added_and_dropped },
	{ "faulty after blob", faulty_after_blob },
};

static void test_scenes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		print_message("  %s\n", scenes[i].name);
		rig_run(scenes[i].run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
