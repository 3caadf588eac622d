/* sql.c -- SQLite behind our errors. */
#include "directory/sql.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { SQL_STATEMENTS = 96, SQL_BUSY_MS = 5000, SQL_LOG_BYTES = 8 << 20 };

struct sql {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENTS];
	sqlite3_stmt *current; /* one of them, or NULL */
};

/* One that has the file to itself, whatever number of connections there is in
 * this process, and the index of its log in memory. The file that others would
 * share it by is made anew at each start: on a full disk it has lost its room
 * by then to whoever was waiting for some. */
static const char vfs[] = "unix-excl";

/* The last pragma reads, which makes the log. What SQLite could not open to
 * write it opens to read, and stays with that: who is told so now can open it
 * again. Of the log a transaction tells. */
static const char pragmas[] = "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA foreign_keys = ON;"
			      "PRAGMA trusted_schema = OFF;"
			      "PRAGMA user_version;"
			      "BEGIN IMMEDIATE;"
			      "ROLLBACK;";

static void log_failed(struct sql *s, int code)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "directory_failed");
	const char *file =
		s->db != NULL ? sqlite3_db_filename(s->db, "main") : NULL;
	const char *text = sqlite3_errstr(code);

	if (s->db != NULL && (sqlite3_errcode(s->db) & 0xff) == (code & 0xff))
		text = sqlite3_errmsg(s->db);
	if (file != NULL)
		log_text(&l, "file", slice_cstr(file));
	log_text(&l, "text", slice_cstr(text));
	log_close(&l);
}

/* The detail is for the log only. */
static struct err failed(struct sql *s, int code)
{
	log_failed(s, code);
	switch (code & 0xff) {
	case SQLITE_BUSY:
		return err(ERR_IO, "another program has it open, and must "
		                   "close it");
	case SQLITE_READONLY:
		return err(ERR_IO, "it could not be opened to be written");
	case SQLITE_FULL:
		return err(ERR_NOSPACE, "the directory's disk is full");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err(ERR_CORRUPT, "the directory is damaged");
	default:
		return err(ERR_IO, "the directory can't be used");
	}
}

void sql_keep_log(struct sql *s, bool keep)
{
	int on = keep;

	(void)sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &on);
}

/* Twice what it has when it is begun anew. Without this we go on. */
static void reserve_log(const char *path)
{
	char *log = NULL;
	int fd;

	if (asprintf(&log, "%s-wal", path) < 0)
		abort();
	fd = open(log, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	free(log);
	if (fd < 0)
		return;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, SQL_LOG_BYTES) != 0)
		log_note(LOG_LEVEL_WARN, "directory_no_reserve",
		         strerrordesc_np(errno));
	close(fd);
}

static int set_up(struct sql *s)
{
	int on;
	int code = sqlite3_busy_timeout(s->db, SQL_BUSY_MS);

	if (code == SQLITE_OK)
		code = sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1,
		                         &on);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->db, pragmas, NULL, NULL, NULL);
	if (code == SQLITE_OK && sqlite3_db_readonly(s->db, "main") != 0)
		code = SQLITE_READONLY;
	if (code == SQLITE_OK)
		sql_keep_log(s, true);
	return code;
}

/* SQLite gives the -wal file the mode of this one. One that is there must not
 * be opened: the close would take all locks that this process has. */
static struct err make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? OK : err_errno(errno);
	close(fd);
	return OK;
}

static struct err open_private(const char *path, struct sql **out)
{
	struct sql *s = mem_new(1, sizeof *s);
	int code = sqlite3_open_v2(path, &s->db,
	                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	                                   SQLITE_OPEN_PRIVATECACHE |
	                                   SQLITE_OPEN_NOFOLLOW,
	                           vfs);

	if (code == SQLITE_OK)
		code = set_up(s);
	if (code != SQLITE_OK) {
		struct err e = failed(s, code);

		sql_close(s);
		return e;
	}
	reserve_log(path);
	*out = s;
	return OK;
}

struct err sql_open(const char *path, struct sql **out)
{
	struct err e = make_private(path);

	return is_ok(e) ? open_private(path, out) : e;
}

void sql_close(struct sql *s)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s);
}

struct err sql_script(struct sql *s, const char *text)
{
	int code = sqlite3_exec(s->db, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? OK : failed(s, code);
}

static int take_number(void *arg, int n, char **values, char **names)
{
	uint64_t *out = arg;

	(void)names;
	return n == 1 && slice_number(slice_cstr(values[0]), out) ? 0 : 1;
}

struct err sql_number(struct sql *s, const char *text, uint64_t *out)
{
	int code = sqlite3_exec(s->db, text, take_number, out, NULL);

	return code == SQLITE_OK ? OK : failed(s, code);
}

struct err sql_bring_up(struct sql *s, const char *const *from, size_t n)
{
	uint64_t version;
	struct err e = sql_number(s, "PRAGMA user_version", &version);

	if (!is_ok(e))
		return e;
	if (version > n)
		return err(ERR_NOTNOW, "it was written by a newer roost");
	return version < n ? sql_script(s, from[version]) : OK;
}

struct err sql_prepare(struct sql *s, const char *const *texts, size_t n)
{
	assert(n <= SQL_STATEMENTS);
	for (size_t i = 0; i < n; i++) {
		int code = sqlite3_prepare_v3(s->db, texts[i], -1,
		                              SQLITE_PREPARE_PERSISTENT,
		                              &s->statements[i], NULL);

		if (code != SQLITE_OK)
			return failed(s, code);
	}
	return OK;
}

void sql_use(struct sql *s, int statement)
{
	assert(s->current == NULL);
	s->current = s->statements[statement];
	assert(s->current != NULL);
}

void sql_text(struct sql *s, int parameter, struct slice text)
{
	const char *p = text.ptr != NULL ? text.ptr : "";

	sqlite3_bind_text(s->current, parameter, p, (int)text.len,
	                  SQLITE_STATIC);
}

void sql_u64(struct sql *s, int parameter, uint64_t n)
{
	assert(n <= INT64_MAX);
	sqlite3_bind_int64(s->current, parameter, (sqlite3_int64)n);
}

struct err sql_step(struct sql *s, bool *there)
{
	int code = sqlite3_step(s->current);

	*there = code == SQLITE_ROW;
	return *there || code == SQLITE_DONE ? OK : failed(s, code);
}

void sql_done(struct sql *s)
{
	sqlite3_reset(s->current);
	sqlite3_clear_bindings(s->current);
	s->current = NULL;
}

uint64_t sql_column_u64(struct sql *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s->current, column);
}

struct slice sql_column_text(struct sql *s, int column)
{
	const void *text = sqlite3_column_text(s->current, column);

	return slice_of(text, (size_t)sqlite3_column_bytes(s->current, column));
}

struct err sql_finish(struct sql *s)
{
	bool there;
	struct err e = sql_step(s, &there);

	assert(!there);
	sql_done(s);
	return e;
}

struct err sql_run(struct sql *s, int statement)
{
	sql_use(s, statement);
	return sql_finish(s);
}

void sql_rollback(struct sql *s, int statement)
{
	/* after some errors SQLite has rolled back by itself */
	if (!sqlite3_get_autocommit(s->db))
		sql_run(s, statement);
}

int sql_changes(struct sql *s)
{
	return sqlite3_changes(s->db);
}
