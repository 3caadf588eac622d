/*
 * index_file.c -- an index.lmdb that isn't what it says, and packs that are
 * shorter than it says: errors, never a signal and never an empty store.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rig.h"
#include "store/check.h"
#include "store/index.h"

enum { PAGE = 4096, MESSAGES = 300 };

static const struct partition_options small = { .map_bytes = 64 << 20 };

struct site {
	char dir[RIG_DIR];
	char index[RIG_DIR + 16];
	char pack[RIG_DIR + 16];
	char *bytes; /* of the index, as it should be */
	size_t size;
};

/* A value of some pages and trees of some levels, so that a cut hits every
 * kind of page. */
static void store_many(struct partition *p)
{
	for (uint32_t n = 1; n <= MESSAGES; n++) {
		struct batch *b = batch_new(p, RIG_ACCOUNT);
		struct store_key key =
			key_message(RIG_ACCOUNT, T_RECORDS, 1, n);
		size_t size = n % 10 == 0 ? 20000 : 700;

		memset(batch_put_room(b, store_key_slice(&key), size), 'r',
		       size);
		assert_int_equal(batch_commit(b).code, ERR_OK);
	}
	for (uint32_t n = 1; n <= 3; n++)
		assert_int_equal(rig_store(p, n, n, 9000).code, ERR_OK);
}

static void write_index(const struct site *s, size_t size)
{
	FILE *f = fopen(s->index, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(s->bytes, 1, size, f), size);
	fclose(f);
}

static int set_up(void **state)
{
	struct site *s = calloc(1, sizeof *s);
	struct stat st;
	FILE *f;

	rig_make_dir(s->dir);
	snprintf(s->index, sizeof s->index, "%s/index.lmdb", s->dir);
	snprintf(s->pack, sizeof s->pack, "%s/pack/00000001", s->dir);
	assert_int_equal(partition_make(s->dir).code, ERR_OK);
	rig_run_in(s->dir, small, store_many);
	assert_int_equal(stat(s->index, &st), 0);
	s->size = (size_t)st.st_size;
	s->bytes = malloc(s->size);
	f = fopen(s->index, "r");
	assert_int_equal(fread(s->bytes, 1, s->size, f), s->size);
	fclose(f);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct site *s = *state;

	rig_remove_dir(s->dir);
	free(s->bytes);
	free(s);
	return 0;
}

struct attempt {
	const char *dir;
	struct err e;
};

static void try_open(struct loop *loop, void *arg)
{
	struct attempt *a = arg;
	struct partition *p;

	a->e = partition_open(loop, a->dir, small, &p);
	if (is_ok(a->e))
		partition_close(p);
}

/* What a server, and what a check says of it. */
static void assert_opens(const struct site *s, enum err_code code)
{
	struct check_report report = { 0 };
	struct attempt a = { .dir = s->dir };

	assert_int_equal(store_check(s->dir, false, &report).code, code);
	task_run_main(try_open, &a);
	assert_int_equal(a.e.code, code);
	assert_true(code == ERR_OK || strstr(a.e.text, "index") != NULL);
	buf_free(&report.text);
}

/* -- length -- */

/* Touches every octet of every row. */
static uint64_t count_octets(const char *dir)
{
	struct store_cursor cursor;
	struct cursor_row row;
	struct partition *p;
	uint64_t n = 0;

	assert_int_equal(partition_open_to_read(dir, &p).code, ERR_OK);
	cursor = store_cursor(p, S(""), S(""));
	while (store_cursor_next(&cursor, &row)) {
		n += row.key.len;
		for (size_t i = 0; i < row.value.len; i++)
			n += row.value.ptr[i] != 0;
	}
	assert_int_equal(cursor.e.code, ERR_OK);
	partition_close(p);
	return n;
}

/* A tail of pages that are free is no loss; any other cut is told. */
static bool is_told(const struct site *s, size_t size, uint64_t octets)
{
	struct partition *p;
	struct err e;

	write_index(s, size);
	e = partition_open_to_read(s->dir, &p);
	if (is_ok(e)) {
		partition_close(p);
		assert_int_equal(count_octets(s->dir), octets);
	}
	assert_opens(s, e.code);
	return e.code == ERR_CORRUPT;
}

static void cut_anywhere(void **state)
{
	const struct site *s = *state;
	uint64_t octets = count_octets(s->dir);
	size_t told = 0;
	size_t n = 0;

	for (size_t size = 0; size < s->size; size += PAGE, n++)
		told += is_told(s, size, octets);
	assert_true(told > n * 3 / 4);
	assert_true(is_told(s, 2 * PAGE, octets));
	assert_true(is_told(s, s->size / 2, octets));
	for (size_t size = 1; size < s->size; size += s->size / 7 + 1)
		assert_true(is_told(s, size, octets) || size > s->size / 2);
	write_index(s, s->size);
	assert_opens(s, ERR_OK);
}

static size_t newer_meta(const struct site *s)
{
	uint64_t txn[2];

	memcpy(&txn[0], s->bytes + 144, sizeof txn[0]);
	memcpy(&txn[1], s->bytes + PAGE + 144, sizeof txn[1]);
	return txn[1] > txn[0] ? PAGE : 0;
}

/* The last pages were taken and given back: they are in no tree. */
static void short_but_whole(void **state)
{
	const struct site *s = *state;
	char *last = s->bytes + newer_meta(s) + 136;
	uint64_t n;

	memcpy(&n, last, sizeof n);
	n += 3;
	memcpy(last, &n, sizeof n);
	write_index(s, s->size);
	assert_opens(s, ERR_OK);
}

/* -- meta pages -- */

static const struct field {
	size_t at;
	size_t size;
	uint64_t value;
} fields[] = {
	{ 0, 8, 7 },                  /* the page's number */
	{ 10, 2, 2 },                 /* a leaf */
	{ 16, 4, 0 },                 /* magic */
	{ 20, 4, 2 },                 /* version */
	{ 24, 8, 0x10000 },           /* a fixed address */
	{ 40, 4, 0 },                 /* page size */
	{ 40, 4, 3000 },              /* no power of two */
	{ 40, 4, 0x80000000 },        /* too large */
	{ 40, 4, 8192 },              /* not the other one's */
	{ 44, 2, 0x4009 },            /* MDB_FIXEDMAP */
	{ 94, 2, 900 },               /* depth */
	{ 128, 8, 1 },                /* the root is a meta page */
	{ 128, 8, UINT64_MAX - 1 },   /* or nowhere */
	{ 136, 8, 0 },                /* last page */
	{ 136, 8, UINT64_MAX },       /* too many */
	{ 80, 8, UINT64_MAX / PAGE }, /* the free list's root */
};

static void garbage_in_meta(void **state)
{
	const struct site *s = *state;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const struct field *f = &fields[i];
		char *at = s->bytes + newer_meta(s) + f->at;
		char before[8];

		memcpy(before, at, f->size);
		memcpy(at, &f->value, f->size);
		write_index(s, s->size);
		assert_opens(s, ERR_CORRUPT);
		memcpy(at, before, f->size);
	}
	for (int first = 0; first < 2; first++) {
		char page[PAGE];
		char *at = s->bytes + first * PAGE;

		memcpy(page, at, PAGE);
		memset(at, 0xa5, PAGE);
		write_index(s, s->size);
		assert_opens(s, ERR_CORRUPT);
		memset(at, 0, PAGE);
		write_index(s, s->size);
		assert_opens(s, ERR_CORRUPT);
		memcpy(at, page, PAGE);
	}
	write_index(s, s->size);
	assert_opens(s, ERR_OK);
}

static void change_much(struct partition *p)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	struct store_key all = key_of_account(RIG_ACCOUNT);

	batch_delete_prefix(b, store_key_slice(&all));
	for (uint32_t n = 1; n <= 20; n++) {
		struct store_key key =
			key_message(RIG_ACCOUNT, T_RECORDS, 2, n);

		memset(batch_put_room(b, store_key_slice(&key), 9000), 'c',
		       9000);
	}
	(void)batch_commit(b);
}

/* -- trees -- */

/* Is it found? One that is not can be read and written. */
static bool is_damaged(const struct site *s)
{
	struct err e;

	write_index(s, s->size);
	e = store_look(s->dir);
	if (is_ok(e)) {
		(void)count_octets(s->dir);
		rig_run_in(s->dir, small, change_much);
	}
	assert_true(is_ok(e) || e.code == ERR_CORRUPT);
	return !is_ok(e);
}

/* Pages that are free, or will be seen to be free, hold nothing. */
static void pages_overwritten(void **state)
{
	const struct site *s = *state;
	size_t pages = s->size / PAGE;
	uint64_t octets = count_octets(s->dir);
	size_t found = 0;

	for (size_t n = 2; n < pages; n++) {
		char *at = s->bytes + n * PAGE;
		char was[PAGE];
		bool zeros;

		memcpy(was, at, PAGE);
		memset(at, 0, PAGE);
		zeros = is_damaged(s);
		found += zeros;
		for (size_t i = 0; i < PAGE; i++)
			at[i] = (char)(i * 131 + n * 17 + (i >> 8));
		assert_int_equal(is_damaged(s), zeros);
		if (n + 1 < pages && zeros) {
			memcpy(at, at + PAGE, PAGE); /* another's */
			assert_true(is_damaged(s));
		}
		memcpy(at, was, PAGE);
	}
	assert_true(found > pages / 4);
	write_index(s, s->size);
	assert_int_equal(count_octets(s->dir), octets);
}

/* Octets changed here and there: what is taken for an index can be used. */
static void garbage_in_trees(void **state)
{
	const struct site *s = *state;
	uint64_t x = 1;

	for (int i = 0; i < 300; i++) {
		size_t at;
		char was;

		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		at = 2 * PAGE + (size_t)(x >> 20) % (s->size - 2 * PAGE);
		at -= i % 2 ? at % PAGE - at % 32 : 0; /* heads, mostly */
		was = s->bytes[at];
		s->bytes[at] = (char)(x >> 8);
		(void)is_damaged(s);
		s->bytes[at] = was;
	}
}

/* -- packs -- */

static void has_the_first(struct partition *p)
{
	assert_true(rig_has(p, 1, 9000));
	assert_false(rig_has(p, 3, 9000));
	assert_int_equal(rig_store(p, 4, 4, 9000).code, ERR_OK);
	assert_true(rig_has(p, 4, 9000));
}

static void has_none(struct partition *p)
{
	assert_false(rig_has(p, 1, 9000));
	assert_int_equal(rig_store(p, 5, 5, 9000).code, ERR_OK);
	assert_true(rig_has(p, 5, 9000));
}

static uint64_t problems(const struct site *s)
{
	struct check_report report = { 0 };

	assert_int_equal(store_check(s->dir, true, &report).code, ERR_OK);
	buf_free(&report.text);
	return report.problems;
}

/* What is behind the cut is lost, and stays a finding; nothing new is put
 * where the index knows something else. */
static void pack_cut_off(void **state)
{
	const struct site *s = *state;
	struct stat st;
	uint64_t n;

	assert_int_equal(problems(s), 0);
	assert_int_equal(stat(s->pack, &st), 0);
	assert_int_equal(truncate(s->pack, st.st_size / 2), 0);
	n = problems(s);
	assert_true(n > 0);
	rig_run_in(s->dir, small, has_the_first);
	assert_int_equal(problems(s), n);
	assert_int_equal(stat(s->pack, &st), 0);
	assert_int_equal(unlink(s->pack), 0);
	assert_true(problems(s) > 0);
	rig_run_in(s->dir, small, has_none);
}

/* The one that was written last is gone: the rest can be used. */
static void pack_gone(void **state)
{
	const struct site *s = *state;

	assert_int_equal(unlink(s->pack), 0);
	assert_true(problems(s) > 0);
	rig_run_in(s->dir, small, has_none);
	assert_true(problems(s) > 0);
}

static uint64_t transaction_of(const struct site *s)
{
	struct index index;
	MDB_envinfo info;

	assert_int_equal(index_open(s->dir, 0, MDB_RDONLY, &index).code,
	                 ERR_OK);
	assert_int_equal(mdb_env_info(index.env, &info), 0);
	index_close(&index);
	return info.me_last_txnid;
}

/* The newest transaction never was; no other one is touched. */
static void forgotten(void **state)
{
	const struct site *s = *state;
	uint64_t n = transaction_of(s);

	assert_int_equal(index_forget(s->dir, n + 1).code, ERR_OK);
	assert_int_equal(index_forget(s->dir, n - 1).code, ERR_OK);
	assert_int_equal(transaction_of(s), n);
	assert_int_equal(index_forget(s->dir, n).code, ERR_OK);
	assert_int_equal(transaction_of(s), n - 1);
}

/* What a sync that failed left in the cache alone reaches the disk only when
 * it is written once more. */
static void forgotten_anew(void **state)
{
	static const struct timespec long_ago[2] = { { 0 } };
	const struct site *s = *state;
	uint64_t n = transaction_of(s);
	struct stat st;

	assert_int_equal(index_forget(s->dir, n).code, ERR_OK);
	assert_int_equal(utimensat(AT_FDCWD, s->index, long_ago, 0), 0);
	assert_int_equal(index_forget(s->dir, n).code, ERR_OK);
	assert_int_equal(stat(s->index, &st), 0);
	assert_true(st.st_mtime != 0);
	assert_int_equal(transaction_of(s), n - 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cut_anywhere),      TEST(short_but_whole),
		TEST(garbage_in_meta),   TEST(garbage_in_trees),
		TEST(pages_overwritten), TEST(pack_cut_off),
		TEST(pack_gone),         TEST(forgotten),
		TEST(forgotten_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
