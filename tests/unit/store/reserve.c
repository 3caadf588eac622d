/*
 * reserve.c -- room set aside for the index: real files, in memory and on
 * what /tmp is on, and on a disk that is full.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../small_disk.h"
#include "rig.h"
#include "store/internal.h"

enum {
	MAP = 16 << 20,
	RESERVE = MAP / 16, /* of so small a map */
	VALUE = 100000,
	BLOCK = 512,
	SMALL_DISK = 8 << 20,
};

static const char *const places[] = { "/dev/shm", "/tmp" };

struct site {
	char dir[RIG_DIR];
	struct index index;
	struct reserve reserve;
	uint32_t puts;
};

static void site_begin(struct site *s, const char *place)
{
	*s = (struct site){ 0 };
	snprintf(s->dir, sizeof s->dir, "%s/roost-reserve-XXXXXX", place);
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(index_make(s->dir, S("0123456789abcdef")).code,
	                 ERR_OK);
	assert_int_equal(index_open(s->dir, MAP, 0, &s->index).code, ERR_OK);
}

static void site_end(struct site *s)
{
	index_close(&s->index);
	rig_remove_dir(s->dir);
}

static enum err_code keep(struct site *s)
{
	return reserve_keep(&s->reserve, &s->index).code;
}

static struct stat stat_index(const struct site *s)
{
	char path[RIG_DIR + 16];
	struct stat st;

	snprintf(path, sizeof path, "%s/index.lmdb", s->dir);
	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* Behind the last page that was ever used. */
static uint64_t end_of(const struct site *s)
{
	MDB_envinfo info;
	MDB_stat st;

	assert_int_equal(mdb_env_info(s->index.env, &info), 0);
	assert_int_equal(mdb_env_stat(s->index.env, &st), 0);
	return (info.me_last_pgno + 1) * st.ms_psize;
}

/* A value that was not there: the index grows. */
static enum err_code put(struct site *s)
{
	static char value[VALUE];
	struct store_key key = key_mailbox(RIG_ACCOUNT, ++s->puts);
	MDB_txn *txn;
	struct err e;

	assert_int_equal(mdb_txn_begin(s->index.env, NULL, 0, &txn), 0);
	e = index_put(&s->index, txn, store_key_slice(&key),
	              slice_of(value, sizeof value));
	if (is_ok(e))
		return err_mdb(mdb_txn_commit(txn)).code;
	mdb_txn_abort(txn);
	return e.code;
}

/* Every octet up to `until` has its block, and the file is no longer. */
static void assert_set_aside(const struct site *s)
{
	struct stat st = stat_index(s);

	assert_true(s->reserve.until <= MAP);
	assert_true((uint64_t)st.st_blocks * BLOCK >= s->reserve.until);
	assert_true((uint64_t)st.st_size <= end_of(s));
	if (end_of(s) + RESERVE <= MAP)
		assert_true(s->reserve.until >= end_of(s) + RESERVE);
	else
		assert_int_equal(s->reserve.until, MAP);
}

static void in_each_place(void (*fn)(struct site *))
{
	struct site s;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		site_begin(&s, places[i]);
		fn(&s);
		site_end(&s);
	}
}

/* -- where there is room -- */

static void runs_ahead(struct site *s)
{
	uint64_t until = 0;
	uint32_t asked = 0;

	while (end_of(s) + RESERVE < MAP / 2) {
		assert_int_equal(keep(s), ERR_OK);
		assert_set_aside(s);
		asked += s->reserve.until != until;
		until = s->reserve.until;
		assert_int_equal(put(s), ERR_OK);
	}
	/* not each time, or every commit would pay */
	assert_true(asked > 1 && asked < s->puts);
}

static void it_runs_ahead(void **state)
{
	(void)state;
	in_each_place(runs_ahead);
}

static void ends_with_the_map(struct site *s)
{
	assert_int_equal(keep(s), ERR_OK);
	while (put(s) == ERR_OK) {
		assert_int_equal(keep(s), ERR_OK);
		assert_set_aside(s);
	}
	assert_int_equal(s->reserve.until, MAP);
	assert_int_equal(keep(s), ERR_OK);
}

static void it_ends_with_the_map(void **state)
{
	(void)state;
	in_each_place(ends_with_the_map);
}

/* What the file has from before a restart is asked for once more. */
static void is_there_again(struct site *s)
{
	uint64_t until;

	assert_int_equal(keep(s), ERR_OK);
	until = s->reserve.until;
	index_close(&s->index);
	s->reserve = (struct reserve){ 0 };
	assert_int_equal(index_open(s->dir, MAP, 0, &s->index).code, ERR_OK);
	assert_int_equal(keep(s), ERR_OK);
	assert_int_equal(s->reserve.until, until);
	assert_set_aside(s);
}

static void it_is_there_again(void **state)
{
	(void)state;
	in_each_place(is_there_again);
}

/* A file that may not be written. */
static void is_refused(struct site *s)
{
	index_close(&s->index);
	assert_int_equal(index_open(s->dir, 0, MDB_RDONLY, &s->index).code,
	                 ERR_OK);
	assert_int_equal(keep(s), ERR_IO);
	assert_int_equal(s->reserve.until, 0);
}

static void it_is_refused(void **state)
{
	(void)state;
	in_each_place(is_refused);
}

/* -- where there is none -- */

static void fill(int fd)
{
	static const char block[4096] = { 'x' };

	while (write(fd, block, sizeof block) > 0)
		continue;
}

static int open_filler(const char *dir)
{
	char path[RIG_DIR + 16];
	int fd;

	snprintf(path, sizeof path, "%s/filler", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void refuses_and_returns(struct site *s, int filler)
{
	fill(filler);
	assert_int_equal(keep(s), ERR_NOSPACE);
	assert_int_equal(s->reserve.until, 0);
	assert_int_equal(keep(s), ERR_NOSPACE);
	assert_int_equal(ftruncate(filler, 0), 0);
	assert_int_equal(keep(s), ERR_OK);
	assert_set_aside(s);
}

/* As much as was set aside is committed on a disk without a free block, and
 * not much more. */
static void is_the_index_s(struct site *s, int filler)
{
	uint32_t least = RESERVE / VALUE - 2;
	uint32_t n = 0;

	assert_int_equal(lseek(filler, 0, SEEK_SET), 0);
	fill(filler);
	while (put(s) == ERR_OK)
		n++;
	assert_in_range(n, least, 2 * least);
	assert_int_equal(keep(s), ERR_NOSPACE);
}

static void a_full_disk(void **state)
{
	char dir[RIG_DIR];
	struct site s;
	int filler;

	(void)state;
	rig_make_dir(dir);
	assert_true(small_disk_mount(dir, SMALL_DISK));
	site_begin(&s, dir);
	filler = open_filler(dir);
	refuses_and_returns(&s, filler);
	is_the_index_s(&s, filler);
	close(filler);
	site_end(&s);
	umount(dir);
	rmdir(dir);
}

/* -- what is said of it -- */

static void what_is_said(void **state)
{
	struct err full = err(ERR_NOSPACE, "no space left on device");
	struct disk_room d = { 0 };

	(void)state;
	disk_note(&d, OK);
	assert_false(d.full);
	disk_note(&d, full);
	assert_true(d.full);
	/* a small one found room beside a large one that didn't */
	disk_note(&d, OK);
	assert_true(d.full);
	d.full_s--;
	disk_note(&d, full);
	disk_note(&d, OK);
	assert_true(d.full);
	d.full_s--;
	disk_note(&d, OK);
	assert_false(d.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_ahead),
		cmocka_unit_test(it_ends_with_the_map),
		cmocka_unit_test(it_is_there_again),
		cmocka_unit_test(it_is_refused),
		cmocka_unit_test(what_is_said),
		cmocka_unit_test(a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
