/* sql_test.c -- a database of an older version, of a newer one, and on a disk
 * that is full. */
#include "directory/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"

/* The second is all that version 1 lacks. */
static const char *const from[] = {
	"BEGIN; CREATE TABLE t (a, b); PRAGMA user_version = 2; COMMIT;",
	"BEGIN; ALTER TABLE t ADD COLUMN b; PRAGMA user_version = 2; COMMIT;",
};

static struct err bring_up(const char *path, const char *before, uint64_t *n)
{
	static const char columns[] =
		"SELECT count(*) FROM pragma_table_info('t')";
	struct sql *s;
	struct err e = sql_open(path, &s);

	assert_true(is_ok(e));
	assert_true(is_ok(sql_script(s, before)));
	e = sql_bring_up(s, from, 2);
	assert_true(is_ok(sql_number(s, columns, n)));
	sql_close(s);
	return e;
}

static void test_bring_up(void **state)
{
	static const struct {
		const char *before;
		enum err_code code;
		uint64_t columns;
	} rows[] = {
		{ "", ERR_OK, 2 },
		{ "CREATE TABLE t (a); PRAGMA user_version = 1;", ERR_OK, 2 },
		{ "CREATE TABLE t (a, b, c); PRAGMA user_version = 2;", ERR_OK,
		  3 },
		{ "PRAGMA user_version = 3;", ERR_NOTNOW, 0 },
	};
	char top[] = "/tmp/roost-sql-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char name[] = { (char)('a' + i), '\0' };
		uint64_t n;
		struct err e = bring_up(name, rows[i].before, &n);

		assert_int_equal(e.code, rows[i].code);
		assert_int_equal(n, rows[i].columns);
		/* and once more */
		assert_int_equal(bring_up(name, "", &n).code, rows[i].code);
		assert_int_equal(n, rows[i].columns);
	}
	assert_int_equal(chdir("/"), 0);
	remove_all(top);
}

/* No file may grow. */
static void fill(bool on)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = on ? 0 : l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static struct sql *reopen(struct sql *s)
{
	sql_close(s);
	assert_true(is_ok(sql_open("a", &s)));
	return s;
}

/* One that is there is opened and read without room for anything new. */
static void test_no_room(void **state)
{
	char top[] = "/tmp/roost-sql-XXXXXX";
	struct sql *s, *other;
	uint64_t n;

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	assert_true(is_ok(sql_open("a", &s)));
	assert_true(is_ok(sql_script(s, "CREATE TABLE t (a);")));
	signal(SIGXFSZ, SIG_IGN);
	fill(true);
	for (int i = 0; i < 3; i++) {
		s = reopen(s);
		assert_true(is_ok(sql_open("a", &other)));
		assert_true(
			is_ok(sql_number(other, "SELECT count(*) FROM t", &n)));
		assert_int_equal(n, 0);
		sql_close(other);
	}
	fill(false);
	assert_true(is_ok(sql_script(s, "INSERT INTO t VALUES (1);")));
	s = reopen(s);
	assert_true(is_ok(sql_number(s, "SELECT count(*) FROM t", &n)));
	assert_int_equal(n, 1);
	sql_close(s);
	assert_int_equal(chdir("/"), 0);
	remove_all(top);
}

/* Of the log, from the first opening on. */
static void test_room_set_aside(void **state)
{
	char top[] = "/tmp/roost-sql-XXXXXX";
	struct stat st;
	struct sql *s;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	fd = open("probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096) == 0) {
		assert_true(is_ok(sql_open("a", &s)));
		assert_int_equal(stat("a-wal", &st), 0);
		assert_true(st.st_blocks * 512 >= 8 << 20);
		sql_close(s);
		assert_int_equal(stat("a-wal", &st), 0);
		assert_true(st.st_blocks * 512 >= 8 << 20);
	} else {
		assert_int_equal(errno, EOPNOTSUPP);
	}
	close(fd);
	assert_int_equal(chdir("/"), 0);
	remove_all(top);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bring_up),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_room_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
