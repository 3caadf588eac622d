/* sql_test.c -- a database of an older version, and of a newer one. */
#include "directory/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bring_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
