/* blob.c -- message bytes in and out: block borders, damage, reclaiming. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"
#include "store/check.h"

static const size_t sizes[] = {
	0,
	1,
	7,
	100,
	6000,
	BLOB_BLOCK - 1,
	BLOB_BLOCK,
	BLOB_BLOCK + 1,
	2 * BLOB_BLOCK,
	5 * BLOB_BLOCK + 3,
	20 * BLOB_BLOCK + 100,
};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void every_size(struct partition *p)
{
	for (uint32_t i = 0; i < SIZES; i++)
		assert_int_equal(rig_store(p, i + 1, i, sizes[i]).code, ERR_OK);
	for (uint32_t i = 0; i < SIZES; i++)
		assert_true(rig_has(p, i, sizes[i]));
}

/* Random octets don't shrink: they are stored plain. */
static void incompressible(struct partition *p)
{
	enum { SIZE = 3 * BLOB_BLOCK + 17 };
	char *bytes = mem_new(SIZE, 1);
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct blob_reader *r;
	struct spool *s;
	struct slice part;

	random_bytes(bytes, SIZE);
	s = rig_spool(p, bytes, SIZE);
	batch_add_blob(b, s, rig_origin(1));
	rig_put_digest(b, 1, spool_hash(s));
	assert_int_equal(batch_commit(b).code, ERR_OK);
	assert_int_equal(blob_open(p, spool_hash(s), &r).code, ERR_OK);
	for (size_t at = 0; at < SIZE; at += part.len) {
		assert_int_equal(blob_read(r, at, &part).code, ERR_OK);
		assert_true(part.len > 0);
		assert_memory_equal(part.ptr, bytes + at, part.len);
	}
	blob_close(r);
	spool_free(s);
	free(bytes);
}

/* Ranges around every block border, backwards too. */
static void any_stretch(struct partition *p)
{
	enum { SIZE = 3 * BLOB_BLOCK + 100 };
	static const uint64_t offsets[] = {
		SIZE - 1,
		0,
		BLOB_BLOCK - 1,
		BLOB_BLOCK,
		BLOB_BLOCK + 1,
		2 * BLOB_BLOCK,
		1,
		3 * BLOB_BLOCK + 99,
		3 * BLOB_BLOCK,
	};
	struct content_hash hash = rig_hash(p, 1, SIZE);
	char *text = rig_text(1, SIZE);
	struct blob_reader *r;
	struct slice part;

	assert_int_equal(rig_store(p, 1, 1, SIZE).code, ERR_OK);
	assert_int_equal(blob_open(p, &hash, &r).code, ERR_OK);
	assert_int_equal(blob_size(r), SIZE);
	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		uint64_t at = offsets[i];
		uint64_t block_end = (at / BLOB_BLOCK + 1) * BLOB_BLOCK;
		uint64_t end = block_end < SIZE ? block_end : SIZE;

		assert_int_equal(blob_read(r, at, &part).code, ERR_OK);
		assert_int_equal(part.len, end - at);
		assert_memory_equal(part.ptr, text + at, part.len);
	}
	assert_int_equal(blob_read(r, SIZE, &part).code, ERR_OK);
	assert_int_equal(part.len, 0);
	assert_int_equal(blob_read(r, UINT64_MAX, &part).code, ERR_OK);
	assert_int_equal(part.len, 0);
	blob_close(r);
	free(text);
}

/* The same message whole, in pieces of odd sizes, and via a file. */
static void spool_in_pieces(struct partition *p)
{
	enum {
		SIZE = 40 * BLOB_BLOCK + 5
	}; /* over SPOOL_MEMORY in stored form */
	char *text = rig_text(3, SIZE);
	struct spool *whole = rig_spool(p, text, SIZE);
	struct spool *pieces = spool_new(p);
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	for (size_t at = 0, n = 1; at < SIZE; at += n, n = n * 3 % 9973) {
		if (n > SIZE - at)
			n = SIZE - at;
		assert_int_equal(
			spool_write(pieces, slice_of(text + at, n)).code,
			ERR_OK);
	}
	assert_int_equal(spool_finish(pieces).code, ERR_OK);
	assert_memory_equal(spool_hash(whole), spool_hash(pieces),
	                    CONTENT_HASH_SIZE);
	batch_add_blob(b, pieces, rig_origin(1));
	rig_put_digest(b, 1, spool_hash(pieces));
	assert_int_equal(batch_commit(b).code, ERR_OK);
	assert_true(rig_has(p, 3, SIZE));
	spool_free(whole);
	spool_free(pieces);
	free(text);
}

static void unfinished_spool(struct partition *p)
{
	struct spool *s = spool_new(p);

	assert_int_equal(spool_write(s, S("half a mess")).code, ERR_OK);
	spool_free(s);
	spool_free(NULL);
}

static void absent(struct partition *p)
{
	struct content_hash nothing = { { 1 } };
	struct blob_reader *r;

	assert_int_equal(blob_open(p, &nothing, &r).code, ERR_ABSENT);
}

/* -- reclaiming -- */

enum { KEPT = 3, MANY = 40, SIZE = 30000 };

static void drop(struct partition *p, uint32_t uid, uint32_t seed, size_t size)
{
	struct content_hash hash = rig_hash(p, seed, size);
	struct store_key key = key_message(RIG_ACCOUNT, T_DIGEST, 1, uid);
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	batch_drop_blob(b, &hash);
	batch_delete(b, store_key_slice(&key));
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

/* A reader that is open when its pack goes reads on; live messages move. */
static void reclaim(struct partition *p)
{
	struct content_hash hash = rig_hash(p, 5, SIZE);
	char *text = rig_text(5, SIZE);
	struct blob_reader *r;
	struct slice part;
	uint64_t before;
	bool did;

	for (uint32_t n = 1; n <= MANY; n++)
		assert_int_equal(rig_store(p, n, n, SIZE).code, ERR_OK);
	assert_int_equal(partition_reclaim(p, &did).code, ERR_OK);
	assert_false(did);
	assert_int_equal(blob_open(p, &hash, &r).code, ERR_OK);
	before = rig_pack_bytes(p);
	for (uint32_t n = KEPT + 1; n <= MANY; n++)
		drop(p, n, n, SIZE);
	rig_reclaim(p);
	assert_true(rig_pack_bytes(p) < before / 4);
	for (uint32_t n = 1; n <= KEPT; n++)
		assert_true(rig_has(p, n, SIZE));
	assert_int_equal(blob_read(r, 0, &part).code, ERR_OK);
	assert_int_equal(part.len, SIZE);
	assert_memory_equal(part.ptr, text, SIZE);
	blob_close(r);
	assert_false(rig_has(p, 5, SIZE));
	free(text);
}

static void test_reclaim(void **state)
{
	struct partition_options options = { .map_bytes = 64 << 20,
		                             .pack_bytes = 100000 };
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, reclaim);
	rig_assert_clean(dir);
	rig_remove_dir(dir);
}

/* -- damage -- */

/* Turns one octet over in pack 1, at a share of its length. */
static void flip(const char *dir, off_t at)
{
	char path[RIG_DIR + 16];
	char octet;
	int fd;

	snprintf(path, sizeof path, "%s/pack/00000001", dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &octet, 1, at), 1);
	octet = (char)(octet ^ 0x40);
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
	close(fd);
}

enum { DAMAGED = 3 * BLOB_BLOCK };

static void store_large(struct partition *p)
{
	assert_int_equal(rig_store(p, 1, 1, DAMAGED).code, ERR_OK);
	assert_int_equal(rig_store(p, 2, 2, 5000).code, ERR_OK);
}

static void reads_damaged(struct partition *p)
{
	assert_false(rig_has(p, 1, DAMAGED));
	assert_true(rig_has(p, 2, 5000));
}

static void reads_whole(struct partition *p)
{
	assert_true(rig_has(p, 1, DAMAGED));
}

/* pack_walk() sees message 2, and message 1 where `both`. */
static bool count_uid(void *arg, const struct salvaged *found)
{
	uint32_t *seen = arg;

	const struct blob_origin *o = &found->origin;

	assert_int_equal(found->kind, SALVAGED_MESSAGE);
	assert_int_equal(o->account, RIG_ACCOUNT);
	assert_int_equal(o->mailbox, 1);
	assert_true(slice_eq(o->account_name, S("demo@example.org")));
	assert_true(slice_eq(o->mailbox_name, S("INBOX")));
	assert_int_equal(o->zone, -90);
	assert_int_equal(o->flags, 5);
	assert_int_equal(o->internaldate, 1700000000 + o->uid);
	assert_int_equal(found->message.len, o->uid == 1 ? DAMAGED : 5000);
	seen[o->uid]++;
	return true;
}

static void walk_and_check(const char *dir, bool damaged)
{
	struct check_report report = { 0 };
	uint32_t seen[3] = { 0 };
	uint64_t broken;

	assert_int_equal(pack_walk(dir, count_uid, seen, &broken).code, ERR_OK);
	assert_int_equal(seen[1], damaged ? 0 : 1);
	assert_int_equal(seen[2], 1);
	assert_true((broken > 0) == damaged);
	assert_int_equal(store_check(dir, true, &report).code, ERR_OK);
	assert_int_equal(report.problems, damaged ? 1 : 0);
	assert_int_equal(report.messages, 2);
	assert_int_equal(report.blobs, 2);
	assert_int_equal(report.packs, 1);
	buf_free(&report.text);
}

/* An octet of the header, of its table, and of a block. */
static void test_damage(void **state)
{
	static const off_t where[] = { 0, 9, 70, 100, 130, 150, 300, 60000 };
	struct partition_options options = { .map_bytes = 64 << 20 };
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, options, store_large);
	walk_and_check(dir, false);
	for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
		flip(dir, where[i]);
		rig_run_in(dir, options, reads_damaged);
		walk_and_check(dir, true);
		flip(dir, where[i]);
		rig_run_in(dir, options, reads_whole);
	}
	rig_remove_dir(dir);
}

/* At every border, and from there to the end of the block. */
static void check_back(struct spool *s, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		struct slice got;
		size_t rest = BLOB_BLOCK - at % BLOB_BLOCK;

		assert_int_equal(spool_bytes(s, at, &got).code, ERR_OK);
		assert_int_equal(got.len, rest < size - at ? rest : size - at);
		assert_memory_equal(got.ptr, text + at, got.len);
		at += got.len > 1 ? got.len - 1 : 1;
	}
}

static void fill_and_check(struct partition *p, char *text, size_t size)
{
	struct spool *s = spool_new(p);

	for (size_t at = 0; at < size; at += size / 2 + 1) {
		size_t n = size - at < size / 2 + 1 ? size - at : size / 2 + 1;

		assert_int_equal(spool_write(s, slice_of(text + at, n)).code,
		                 ERR_OK);
		check_back(s, text, at + n);
	}
	assert_int_equal(spool_finish(s).code, ERR_OK);
	check_back(s, text, size);
	spool_free(s);
	free(text);
}

/* Of text, which shrinks, and of noise, which goes to a file. */
static void spool_and_back(struct partition *p)
{
	for (size_t i = 1; i < SIZES; i++) {
		char *noise = mem_new(sizes[i], 1);

		random_bytes(noise, sizes[i]);
		fill_and_check(p, noise, sizes[i]);
		fill_and_check(p, rig_text((uint32_t)i, sizes[i]), sizes[i]);
	}
}

static const struct scene {
	const char *name;
	void (*run)(struct partition *);
} scenes[] = {
	{ "every size", every_size },
	{ "incompressible", incompressible },
	{ "any stretch", any_stretch },
	{ "spool in pieces", spool_in_pieces },
	{ "unfinished spool", unfinished_spool },
	{ "spool and back", spool_and_back },
	{ "absent", absent },
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
		cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
