/*
 * reference.c -- what packs say of copies: written, walked, kept by reclaim.
 *
 * A copy is a digest row of another UID with the same blob, as the model
 * makes them; expectations are what pack_walk_headers() tells.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "rig.h"
#include "store/check.h"

enum { COPY = 1000, SIZE = 3000, UIDS = 4000 };

/* -- what is told -- */

struct told {
	uint32_t messages[UIDS]; /* how often, by UID */
	uint32_t references[UIDS];
	uint32_t names;
	struct blob_origin last; /* without its slices */
};

static bool tell(void *arg, const struct salvaged *found)
{
	struct told *told = arg;

	assert_true(found->origin.uid < UIDS);
	assert_int_equal(found->message.len, 0);
	if (found->kind == SALVAGED_MESSAGE)
		told->messages[found->origin.uid]++;
	else if (found->kind == SALVAGED_REFERENCE)
		told->references[found->origin.uid]++;
	else
		told->names++;
	told->last = found->origin;
	return true;
}

static struct told *told_of(const char *dir)
{
	struct told *told = calloc(1, sizeof *told);

	assert_int_equal(pack_walk_headers(dir, tell, told).code, ERR_OK);
	return told;
}

/* -- copies -- */

static struct err copy(struct partition *p, uint32_t from, uint32_t to)
{
	struct content_hash hash = rig_hash(p, from, SIZE);
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	batch_keep_blob(b, &hash, rig_origin(to));
	rig_put_digest(b, to, &hash);
	return batch_commit(b);
}

/* Another digest row for the blob, and the old one goes. */
static struct err move(struct partition *p, uint32_t seed, uint32_t from,
                       uint32_t to)
{
	struct store_key key = key_message(RIG_ACCOUNT, T_DIGEST, 1, from);
	struct content_hash hash = rig_hash(p, seed, SIZE);
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct blob_origin origin = rig_origin(to);

	origin.from_mailbox = 1;
	origin.from_uid = from;
	batch_refer(b, &hash, origin);
	rig_put_digest(b, to, &hash);
	batch_delete(b, store_key_slice(&key));
	return batch_commit(b);
}

static void drop(struct partition *p, uint32_t seed, uint32_t uid)
{
	struct store_key key = key_message(RIG_ACCOUNT, T_DIGEST, 1, uid);
	struct content_hash hash = rig_hash(p, seed, SIZE);
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	batch_drop_blob(b, &hash);
	batch_delete(b, store_key_slice(&key));
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

/* The mailbox is called that; `real`: by the index, too. */
static void name(struct partition *p, struct slice name, uint32_t mailbox,
                 bool real)
{
	struct store_key key = key_name(RIG_ACCOUNT, T_NAME, name);
	struct blob_origin origin = rig_origin(17);
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	uint8_t id[4];

	put_le32(id, mailbox);
	origin.mailbox = mailbox;
	origin.mailbox_name = name;
	batch_refer(b, NULL, origin);
	if (real)
		batch_put(b, store_key_slice(&key), slice_of(id, sizeof id));
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

/* -- written -- */

static void every_kind(struct partition *p)
{
	struct partition_stats before, after;

	assert_int_equal(rig_store(p, 1, 1, SIZE).code, ERR_OK);
	assert_int_equal(rig_store(p, 2, 1, SIZE).code, ERR_OK);
	partition_stats(p, &before);
	assert_int_equal(copy(p, 1, 3).code, ERR_OK);
	partition_stats(p, &after);
	assert_int_equal(after.syncs - before.syncs, 3);
	assert_true(after.pack_bytes - before.pack_bytes < 160);
	assert_int_equal(after.pack_bytes - before.pack_bytes,
	                 after.dead_bytes - before.dead_bytes);
	name(p, S("Archive"), 1, true);
	assert_int_equal(move(p, 1, 3, 4).code, ERR_OK);
	drop(p, 1, 1);
	drop(p, 1, 2);
	assert_true(rig_has(p, 1, SIZE));
}

static bool is_message(void *arg, const struct salvaged *found)
{
	assert_int_equal(found->kind, SALVAGED_MESSAGE);
	++*(uint32_t *)arg;
	return true;
}

static void test_written(void **state)
{
	struct partition_options options = { .map_bytes = 64 << 20 };
	struct told *told;
	char dir[RIG_DIR];
	uint32_t messages = 0;
	uint64_t broken;

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, every_kind);
	rig_assert_clean(dir);
	told = told_of(dir);
	assert_int_equal(told->messages[1], 1);
	assert_int_equal(told->references[2], 1);
	assert_int_equal(told->references[3], 1);
	assert_int_equal(told->references[4], 1);
	assert_int_equal(told->names, 1);
	assert_int_equal(told->last.account, RIG_ACCOUNT);
	assert_int_equal(told->last.mailbox, 1);
	assert_int_equal(told->last.from_mailbox, 1);
	assert_int_equal(told->last.from_uid, 3);
	assert_int_equal(told->last.internaldate, 1700000004);
	assert_int_equal(told->last.zone, -90);
	assert_int_equal(told->last.flags, 5);
	free(told);
	assert_int_equal(pack_walk(dir, is_message, &messages, &broken).code,
	                 ERR_OK);
	assert_int_equal(messages, 1);
	assert_int_equal(broken, 0);
	rig_remove_dir(dir);
}

/* The batch that fails leaves no reference behind it, as far as can be. */
static void fails(struct partition *p)
{
	struct content_hash nothing = { { 1 } };
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	assert_int_equal(rig_store(p, 1, 1, SIZE).code, ERR_OK);
	batch_refer(b, &nothing, rig_origin(7));
	batch_keep_blob(b, &nothing, rig_origin(8));
	assert_int_equal(batch_commit(b).code, ERR_CORRUPT);
	assert_int_equal(copy(p, 1, 2).code, ERR_OK);
}

static void test_fails(void **state)
{
	struct partition_options options = { .map_bytes = 64 << 20 };
	struct told *told;
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, fails);
	rig_assert_clean(dir);
	told = told_of(dir);
	assert_int_equal(told->references[2], 1);
	assert_int_equal(told->references[7] + told->references[8], 0);
	free(told);
	rig_remove_dir(dir);
}

/* An octet turned over anywhere in a reference loses it and nothing else. */
static void test_damage(void **state)
{
	struct partition_options options = { .map_bytes = 64 << 20 };
	char dir[RIG_DIR];
	char path[RIG_DIR + 16];
	off_t size;
	int fd;

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, every_kind);
	snprintf(path, sizeof path, "%s/pack/00000001", dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	/* names are of 16 and 5 octets: 133 octets, padded to 136 */
	for (off_t at = size - 136; at < size - 3; at++) {
		struct told *told;
		char octet;

		assert_int_equal(pread(fd, &octet, 1, at), 1);
		octet = (char)(octet ^ 0x10);
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
		told = told_of(dir);
		assert_int_equal(told->messages[1], 1);
		assert_int_equal(told->references[2], 1);
		assert_int_equal(told->references[3], 1);
		assert_int_equal(told->references[4], 0);
		assert_int_equal(told->names, 1);
		free(told);
		octet = (char)(octet ^ 0x10);
		assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	}
	close(fd);
	rig_remove_dir(dir);
}

/* -- reclaiming -- */

enum { MANY = 60, KEPT = 5 };

/* Most messages go with their copies; some lose only their first place. */
static void drop_and_reclaim(struct partition *p)
{
	uint64_t before;

	for (uint32_t n = 1; n <= MANY; n++) {
		if (n == MANY / 2) {
			name(p, S("Archive"), 1, true);
			name(p, S("Gone"), 2, false);
		}
		assert_int_equal(rig_store(p, n, n, SIZE).code, ERR_OK);
		assert_int_equal(copy(p, n, COPY + n).code, ERR_OK);
	}
	assert_int_equal(move(p, 1, 1, 2 * COPY).code, ERR_OK);
	for (uint32_t n = KEPT + 1; n <= MANY; n++) {
		drop(p, n, n);
		drop(p, n, COPY + n);
	}
	drop(p, 2, COPY + 2);
	before = rig_pack_bytes(p);
	rig_reclaim(p);
	assert_true(rig_pack_bytes(p) < before / 3);
	for (uint32_t n = 1; n <= KEPT; n++)
		assert_true(rig_has(p, n, SIZE));
}

static void test_reclaim(void **state)
{
	struct partition_options options = { .map_bytes = 64 << 20,
		                             .pack_bytes = 8000 };
	struct told *told;
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, drop_and_reclaim);
	rig_assert_clean(dir);
	told = told_of(dir);
	for (uint32_t n = 1; n <= KEPT; n++) {
		assert_int_equal(told->messages[n], 1);
		if (n != 2) /* whose pack may not be worth emptying */
			assert_int_equal(told->references[COPY + n], 1);
	}
	assert_int_equal(told->references[2 * COPY], 1);
	for (uint32_t n = KEPT + 1; n < MANY - 5; n++)
		assert_int_equal(told->references[COPY + n], 0);
	assert_int_equal(told->names, 1);
	free(told);
	rig_remove_dir(dir);
}

/* Packs full of references that are true are let alone, not copied about. */
static void fill_with_references(struct partition *p)
{
	uint64_t before;
	bool did;

	assert_int_equal(rig_store(p, 1, 1, SIZE).code, ERR_OK);
	for (uint32_t n = 1; n <= 300; n++)
		assert_int_equal(copy(p, 1, COPY + n).code, ERR_OK);
	before = rig_pack_bytes(p);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(partition_reclaim(p, &did).code, ERR_OK);
		assert_false(did);
	}
	assert_int_equal(rig_pack_bytes(p), before);
}

static void drop_references(struct partition *p)
{
	for (uint32_t n = 2; n <= 300; n++)
		drop(p, 1, COPY + n);
	rig_reclaim(p);
	assert_true(rig_has(p, 1, SIZE));
	assert_true(rig_pack_bytes(p) < 24000);
}

static void test_many(void **state)
{
	struct partition_options options = { .map_bytes = 64 << 20,
		                             .pack_bytes = 8000 };
	struct told *told;
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, fill_with_references);
	rig_assert_clean(dir);
	rig_run_in(dir, options, drop_references);
	rig_assert_clean(dir);
	told = told_of(dir);
	assert_int_equal(told->messages[1], 1);
	assert_int_equal(told->references[COPY + 1], 1);
	assert_int_equal(told->references[COPY + 2], 0);
	free(told);
	rig_remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written), cmocka_unit_test(test_fails),
		cmocka_unit_test(test_damage),  cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
