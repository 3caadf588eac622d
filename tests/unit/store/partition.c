/* partition.c -- opening, refusing, recovering; reading by snapshot. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "rig.h"
#include "store/check.h"

static const struct partition_options small = { .map_bytes = 64 << 20 };

static void path_in(char path[RIG_DIR + 32], const char *dir, const char *name)
{
	snprintf(path, RIG_DIR + 32, "%s/%s", dir, name);
}

/* -- make, open, refuse -- */

struct opening {
	const char *dir;
	struct err result;
};

static void try_open(struct loop *loop, void *arg)
{
	struct opening *o = arg;
	struct partition *p;

	o->result = partition_open(loop, o->dir, small, &p);
	if (is_ok(o->result))
		partition_close(p);
}

static struct err opens(const char *dir)
{
	struct opening o = { .dir = dir };

	task_run_main(try_open, &o);
	return o.result;
}

static void test_make(void **state)
{
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(opens(dir).code, ERR_CORRUPT);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	assert_int_equal(partition_make(dir).code, ERR_ALREADYEXISTS);
	assert_int_equal(opens(dir).code, ERR_OK);
	assert_int_equal(opens(dir).code, ERR_OK);
	rig_remove_dir(dir);
	assert_int_equal(opens(dir).code, ERR_CORRUPT);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_remove_dir(dir);
}

/* The one that has it is another process, as in life. */
static void test_in_use(void **state)
{
	char dir[RIG_DIR];
	int ready[2];
	char octet;
	pid_t pid;

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct partition *p;
		struct err e = partition_open(loop_new(), dir, small, &p);

		octet = is_ok(e) ? 'y' : 'n';
		_exit(write(ready[1], &octet, 1) == 1 ? pause() : 1);
	}
	assert_int_equal(read(ready[0], &octet, 1), 1);
	assert_int_equal(octet, 'y');
	assert_int_equal(opens(dir).code, ERR_INUSE);
	rig_assert_clean(dir);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(opens(dir).code, ERR_OK);
	close(ready[0]);
	close(ready[1]);
	rig_remove_dir(dir);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[RIG_DIR + 32];
	FILE *f;

	path_in(path, dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* What is foreign, newer or missing is refused, never taken for empty. */
static void test_refuse(void **state)
{
	static const char *const ids[] = {
		"",
		"something else\n",
		"roost partition 2 0123456789abcdef0123456789abcdef\n",
		"roost partition 2 0123456789abcdef0123456789abcde\n",
		"roost partition 1 0123456789abcdef0123456789abcdef\n",
	};
	static const char *const parts[] = { "index.lmdb", "pack", "tmp",
		                             "id" };
	char dir[RIG_DIR];
	char path[RIG_DIR + 32];
	char away[RIG_DIR + 32];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	path_in(away, dir, "away");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		path_in(path, dir, parts[i]);
		assert_int_equal(rename(path, away), 0);
		assert_int_equal(opens(dir).code, ERR_CORRUPT);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(rename(away, path), 0);
		assert_int_equal(opens(dir).code, ERR_OK);
	}
	path_in(path, dir, "index.lmdb");
	assert_int_equal(rename(path, away), 0);
	write_file(dir, "index.lmdb", "");
	assert_int_equal(opens(dir).code, ERR_CORRUPT);
	write_file(dir, "index.lmdb", "this is not an index");
	assert_int_equal(opens(dir).code, ERR_CORRUPT);
	assert_int_equal(rename(away, path), 0);
	assert_int_equal(opens(dir).code, ERR_OK);
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		write_file(dir, "id", ids[i]);
		assert_int_equal(opens(dir).code, ERR_CORRUPT);
	}
	rig_remove_dir(dir);
}

/* -- recovery -- */

static void store_three(struct partition *p)
{
	for (uint32_t n = 1; n <= 3; n++)
		assert_int_equal(rig_store(p, n, n, 4000).code, ERR_OK);
}

static void has_three_and_a_tail(struct partition *p)
{
	struct partition_stats stats;

	for (uint32_t n = 1; n <= 3; n++)
		assert_true(rig_has(p, n, 4000));
	partition_stats(p, &stats);
	assert_true(stats.dead_bytes >= 5000);
}

static void goes_on_behind(struct partition *p)
{
	has_three_and_a_tail(p);
	assert_int_equal(rig_store(p, 4, 4, 4000).code, ERR_OK);
	assert_true(rig_has(p, 4, 4000));
}

static void append_garbage(const char *dir, const char *name, size_t size)
{
	char path[RIG_DIR + 32];
	char *garbage = rig_text(99, size);
	FILE *f;

	path_in(path, dir, name);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(fwrite(garbage, 1, size, f), size);
	fclose(f);
	free(garbage);
}

static bool count_all(void *arg, const struct salvaged *found)
{
	(void)found;
	++*(uint64_t *)arg;
	return true;
}

/* A torn tail, an unknown pack and a forgotten spool file. */
static void test_recover(void **state)
{
	char dir[RIG_DIR];
	char path[RIG_DIR + 32];
	uint64_t found = 0;
	uint64_t broken;

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, small, store_three);
	append_garbage(dir, "pack/00000001", 5003);
	append_garbage(dir, "tmp/spool", 10);
	rig_run_in(dir, small, goes_on_behind);
	path_in(path, dir, "tmp/spool");
	assert_int_equal(access(path, F_OK), -1);
	rig_assert_clean(dir);

	append_garbage(dir, "pack/00000007", 100);
	rig_run_in(dir, small, has_three_and_a_tail);
	rig_assert_clean(dir);
	assert_int_equal(pack_walk(dir, count_all, &found, &broken).code,
	                 ERR_OK);
	assert_int_equal(found, 4);
	assert_int_equal(broken, 2);
	rig_remove_dir(dir);
}

/* -- the index is full -- */

static void fill_map(struct partition *p)
{
	struct err e = OK;
	uint32_t n = 0;

	while (is_ok(e)) {
		struct store_key key = key_mailbox(RIG_ACCOUNT, ++n);
		struct batch *b = batch_new(p, RIG_ACCOUNT);

		memset(batch_put_room(b, store_key_slice(&key), 60000), 'x',
		       60000);
		e = batch_commit(b);
		assert_true(n < 1000);
	}
	assert_int_equal(e.code, ERR_NOSPACE);
	while (--n > 1) {
		struct store_key key = key_mailbox(RIG_ACCOUNT, n);
		struct batch *b = batch_new(p, RIG_ACCOUNT);
		struct slice value;

		assert_int_equal(
			store_get(p, store_key_slice(&key), &value).code,
			ERR_OK);
		batch_delete(b, store_key_slice(&key));
		assert_int_equal(batch_commit(b).code, ERR_OK);
	}
	assert_int_equal(rig_store(p, 1, 1, 1000).code, ERR_OK);
}

static void test_map_full(void **state)
{
	struct partition_options tiny = { .map_bytes = 1 << 20 };
	char dir[RIG_DIR];

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, tiny, fill_map);
	rig_assert_clean(dir);
	rig_remove_dir(dir);
}

/* -- reading -- */

static void put_rows(struct partition *p, uint32_t from, uint32_t to)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);

	for (uint32_t n = from; n <= to; n += 10) {
		struct store_key key =
			key_message(RIG_ACCOUNT, T_RECORDS, 1, n);

		put_le32(batch_put_room(b, store_key_slice(&key), 4), n);
	}
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

static uint32_t count_rows(struct partition *p, struct slice prefix,
                           struct slice from)
{
	struct store_cursor c = store_cursor(p, prefix, from);
	struct cursor_row row;
	uint32_t n = 0;
	uint32_t last = 0;

	while (store_cursor_next(&c, &row)) {
		assert_true(get_le32(row.value.ptr) > last);
		last = get_le32(row.value.ptr);
		assert_int_equal(key_uid(row.key), last);
		n++;
	}
	assert_int_equal(c.e.code, ERR_OK);
	assert_false(store_cursor_next(&c, &row));
	return n;
}

/* Thirty at once, each a step in turn: more than there are slots. */
static void many_cursors(struct partition *p, struct slice prefix)
{
	enum { CURSORS = 30 };
	struct store_cursor c[CURSORS];
	struct cursor_row row;

	for (size_t i = 0; i < CURSORS; i++)
		c[i] = store_cursor(p, prefix, S(""));
	for (uint32_t n = 10; n <= 1000; n += 10)
		for (size_t i = 0; i < CURSORS; i++) {
			assert_true(store_cursor_next(&c[i], &row));
			assert_int_equal(key_uid(row.key), n);
		}
	for (size_t i = 0; i < CURSORS; i++)
		assert_false(store_cursor_next(&c[i], &row));
}

static void floors(struct partition *p, struct slice prefix)
{
	static const struct {
		uint32_t uid, found; /* 0: absent */
	} rows[] = {
		{ 1, 0 },   { 9, 0 },     { 10, 10 },     { 11, 10 },
		{ 19, 10 }, { 999, 990 }, { 1000, 1000 }, { UINT32_MAX, 1000 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_key key =
			key_message(RIG_ACCOUNT, T_RECORDS, 1, rows[i].uid);
		struct cursor_row row;
		struct err e =
			store_floor(p, prefix, store_key_slice(&key), &row);

		assert_int_equal(e.code, rows[i].found ? ERR_OK : ERR_ABSENT);
		if (is_ok(e))
			assert_int_equal(key_uid(row.key), rows[i].found);
	}
}

static void reading(struct partition *p)
{
	struct store_key all = key_messages(RIG_ACCOUNT, T_RECORDS, 1);
	struct store_key from = key_message(RIG_ACCOUNT, T_RECORDS, 1, 501);
	struct store_key other = key_messages(RIG_ACCOUNT, T_RECORDS, 2);
	struct slice prefix = store_key_slice(&all);

	assert_int_equal(count_rows(p, prefix, S("")), 0);
	put_rows(p, 10, 1000);
	assert_int_equal(count_rows(p, prefix, S("")), 100);
	assert_int_equal(count_rows(p, prefix, store_key_slice(&from)), 50);
	assert_int_equal(count_rows(p, store_key_slice(&other), S("")), 0);
	many_cursors(p, prefix);
	floors(p, prefix);
}

/* A turn sees one state; the number changes with what can be seen. */
static void snapshots(struct partition *p)
{
	struct store_key all = key_messages(RIG_ACCOUNT, T_RECORDS, 1);
	uint64_t before;

	put_rows(p, 10, 10);
	assert_int_equal(count_rows(p, store_key_slice(&all), S("")), 1);
	before = store_snapshot(p);
	assert_int_equal(count_rows(p, store_key_slice(&all), S("")), 1);
	assert_int_equal(store_snapshot(p), before);
	put_rows(p, 20, 20);
	assert_true(store_snapshot(p) > before);
	assert_int_equal(count_rows(p, store_key_slice(&all), S("")), 2);
	before = store_snapshot(p);
	task_sleep(1);
	assert_true(store_snapshot(p) > before);
}

static void stale_cursor(struct partition *p)
{
	struct store_cursor c = store_cursor(p, S(""), S(""));
	struct cursor_row row;

	assert_true(store_cursor_next(&c, &row));
	task_sleep(1);
	store_cursor_next(&c, &row);
}

/* The assertion ends the process, so another one does it. */
static void test_stale_cursor(void **state)
{
	char dir[RIG_DIR];
	int status;
	pid_t pid;

	(void)state;
	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDERR_FILENO); /* what assert() prints */
		rig_run_in(dir, small, stale_cursor);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	rig_remove_dir(dir);
}

static void test_reading(void **state)
{
	(void)state;
	rig_run(reading);
	rig_run(snapshots);
}

/* -- keys -- */

static void test_keys(void **state)
{
	char name[1000];
	struct store_key a;
	struct store_key b;

	(void)state;
	memset(name, 'n', sizeof name);
	a = key_name(1, T_NAME, slice_of(name, 400));
	assert_int_equal(a.len, 409);
	for (size_t len = 401; len <= sizeof name; len++) {
		b = key_name(1, T_NAME, slice_of(name, len));
		assert_int_equal(b.len, 441);
		assert_false(
			slice_eq(store_key_slice(&a), store_key_slice(&b)));
		a = b;
	}
	a = key_message(3, T_RECORDS, 4, 0x01020304);
	b = key_expunged(3, 4, 0x0102030405060708);
	assert_int_equal(key_uid(store_key_slice(&a)), 0x01020304);
	assert_true(key_modseq(store_key_slice(&b)) == 0x0102030405060708);
	assert_true(slice_cmp(store_key_slice(&a), store_key_slice(&b)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_map_full),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_stale_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
