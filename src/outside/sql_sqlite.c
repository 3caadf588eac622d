/* sql_sqlite.c -- a file of SQLite; read only. */
#include <sqlite3.h>

#include "outside/sql.h"

static int still_in_time(void *arg)
{
	return question_left_ms(arg) <= 1;
}

static bool fail(struct question *q, sqlite3 **db)
{
	question_fail(q, ERR_UNAVAILABLE, "%s", sqlite3_errmsg(*db));
	sqlite3_close(*db);
	*db = NULL;
	return false;
}

static void take_row(sqlite3_stmt *statement, struct sql_row *out)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		const void *text = sqlite3_column_text(statement, i);
		int size = sqlite3_column_bytes(statement, i);

		if (text != NULL)
			sql_take(out, sqlite3_column_name(statement, i),
			         slice_of(text, (size_t)size));
	}
}

static int run(sqlite3_stmt *statement, const struct sql_values *values,
               struct sql_row *out)
{
	int code;

	for (size_t i = 0; i < values->n; i++)
		sqlite3_bind_text(statement, (int)i + 1, values->v[i], -1,
		                  SQLITE_STATIC);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (++out->rows > 1)
			return SQLITE_DONE;
		take_row(statement, out);
	}
	return code;
}

static bool query(const struct sql_description *d, struct question *q,
                  const struct sql_values *values, void **kept,
                  struct sql_row *out)
{
	sqlite3 **db = (sqlite3 **)kept;
	sqlite3_stmt *statement = NULL;
	int code;

	if (*db == NULL &&
	    sqlite3_open_v2(d->name, db,
	                    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return fail(q, db);
	sqlite3_busy_timeout(*db, (int)question_left_ms(q));
	sqlite3_progress_handler(*db, 1000, still_in_time, q);
	if (sqlite3_prepare_v2(*db, d->statement, -1, &statement, NULL) !=
	            SQLITE_OK ||
	    statement == NULL ||
	    sqlite3_bind_parameter_count(statement) != (int)values->n) {
		sqlite3_finalize(statement);
		return fail(q, db);
	}
	code = run(statement, values, out);
	sqlite3_finalize(statement);
	sqlite3_progress_handler(*db, 0, NULL, NULL);
	return code == SQLITE_DONE || fail(q, db);
}

const struct sql_engine sql_sqlite = { "sqlite", '?', query };
