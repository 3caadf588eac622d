/* alert_file.c -- two tables. */
#include "guard/alert_file.h"

#include <stdlib.h>

#include "base/mem.h"
#include "directory/sql.h"
#include "task/task.h"

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE raised ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" kind TEXT NOT NULL,"
	" account INTEGER NOT NULL,"
	" subject TEXT NOT NULL,"
	" user TEXT NOT NULL,"
	" first INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" UNIQUE(kind, account, subject)) STRICT;"
	"CREATE INDEX raised_by_account ON raised(account);"
	"CREATE INDEX raised_by_age ON raised(last);"
	"CREATE TABLE fetched ("
	" account INTEGER NOT NULL,"
	" day INTEGER NOT NULL,"
	" octets INTEGER NOT NULL,"
	" messages INTEGER NOT NULL,"
	" PRIMARY KEY(account, day)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX fetched_by_day ON fetched(day);"
	"PRAGMA user_version = 1;"
	"COMMIT;";

enum { ALERT_FILE_VERSION = 1 };

enum {
	BEGIN,
	COMMIT,
	ROLLBACK,
	FIND,
	RAISE,
	AGAIN,
	CLEAR,
	FORGET,
	FORGET_FETCHED,
	PAGE,
	FETCHED_ADD,
	HABIT,
	TOO_OLD,
	TOO_MANY,
	FETCHED_TOO_OLD,
	STATEMENTS
};

static const char *const statements[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[FIND] = "SELECT last FROM raised WHERE kind = ?1 AND account = ?2"
		 " AND subject = ?3",
	[RAISE] = "INSERT INTO raised (kind, account, subject, user, first,"
		  " last, count) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)"
		  " ON CONFLICT DO UPDATE SET first = ?5, last = ?5,"
		  " count = 1, user = ?4",
	[AGAIN] = "UPDATE raised SET last = max(last, ?4), count = count + 1"
		  " WHERE kind = ?1 AND account = ?2 AND subject = ?3",
	[CLEAR] = "DELETE FROM raised WHERE kind = ?1 AND account = ?2"
		  " AND subject = ?3",
	[FORGET] = "DELETE FROM raised WHERE account = ?1",
	[FORGET_FETCHED] = "DELETE FROM fetched WHERE account = ?1",
	[PAGE] = "SELECT id, kind, user, subject, first, last, count"
		 " FROM raised WHERE id < ?1 AND (?2 = 0 OR account = ?2)"
		 " AND (?3 = '' OR kind = ?3) ORDER BY id DESC LIMIT ?4",
	[FETCHED_ADD] = "INSERT INTO fetched (account, day, octets, messages)"
			" VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
			" SET octets = octets + ?3, messages = messages + ?4",
	[HABIT] = "SELECT max(octets), max(messages) FROM fetched"
		  " WHERE account = ?1 AND day < ?2 AND day >= ?2 - ?3",
	[TOO_OLD] = "DELETE FROM raised WHERE last < ?1",
	[TOO_MANY] = ("DELETE FROM raised WHERE id IN (SELECT id FROM raised"
	              " ORDER BY last DESC LIMIT -1 OFFSET ?1)"),
	[FETCHED_TOO_OLD] = "DELETE FROM fetched WHERE day < ?1",
};

struct alert_file {
	struct sql *sql;
	struct task_mutex mutex;
};

/* -- opening -- */

static struct err set_up(struct sql *s)
{
	static const char *const from[ALERT_FILE_VERSION] = { schema };
	struct err e = sql_bring_up(s, from, ALERT_FILE_VERSION);

	return is_ok(e) ? sql_prepare(s, statements, STATEMENTS) : e;
}

struct err alert_file_open(const char *path, struct alert_file **out)
{
	struct alert_file *f = mem_new(1, sizeof *f);
	struct err e = sql_open(path, &f->sql);

	if (is_ok(e))
		e = set_up(f->sql);
	*out = f;
	if (is_ok(e))
		return OK;
	alert_file_close(f);
	*out = NULL;
	return e;
}

void alert_file_close(struct alert_file *f)
{
	if (f != NULL && f->sql != NULL)
		sql_close(f->sql);
	free(f);
}

/* -- what is done on a worker thread, in one transaction -- */

struct job {
	struct err (*run)(struct sql *, struct job *);
	struct sql *sql;
	struct err e;
	const struct alert *alert;
	const struct fetched_day *days;
	size_t n; /* of them, or of rows */
	uint64_t account;
	int64_t at; /* seconds or days */
	bool is_new;
	struct fetched fetched;
	struct arena *arena;
	struct alert_row *rows;
	const struct alert_wanted *wanted;
	uint64_t before;
};

static void run_job(void *arg)
{
	struct job *j = arg;

	j->e = sql_run(j->sql, BEGIN);
	if (!is_ok(j->e))
		return;
	j->e = j->run(j->sql, j);
	if (is_ok(j->e))
		j->e = sql_run(j->sql, COMMIT);
	if (!is_ok(j->e))
		sql_rollback(j->sql, ROLLBACK);
}

static struct err run(struct alert_file *f, struct job *j)
{
	task_lock(&f->mutex);
	j->sql = f->sql;
	task_offload(run_job, j);
	task_unlock(&f->mutex);
	return j->e;
}

static void bind_key(struct sql *s, int statement, const struct alert *a)
{
	sql_use(s, statement);
	sql_text(s, 1, alert_kind_name(a->kind));
	sql_u64(s, 2, a->account);
	sql_text(s, 3, slice_first(a->subject, ALERT_SUBJECT));
}

/* -- raising -- */

static struct err find(struct sql *s, const struct alert *a, bool *there,
                       int64_t *last_s)
{
	struct err e;

	bind_key(s, FIND, a);
	e = sql_step(s, there);
	*last_s = is_ok(e) && *there ? (int64_t)sql_column_u64(s, 0) : 0;
	sql_done(s);
	return e;
}

static struct err add_again(struct sql *s, const struct alert *a)
{
	bind_key(s, AGAIN, a);
	sql_u64(s, 4, (uint64_t)a->at_s);
	return sql_finish(s);
}

static struct err add_new(struct sql *s, const struct alert *a)
{
	bind_key(s, RAISE, a);
	sql_text(s, 4, a->user);
	sql_u64(s, 5, (uint64_t)a->at_s);
	return sql_finish(s);
}

static struct err raise_one(struct sql *s, struct job *j)
{
	const struct alert *a = j->alert;
	uint32_t span_s = alert_kinds[a->kind].span_s;
	int64_t last_s;
	bool there;
	struct err e = find(s, a, &there, &last_s);

	j->is_new = !there || (span_s != 0 && a->at_s - last_s > span_s);
	if (!is_ok(e))
		return e;
	return j->is_new ? add_new(s, a) : add_again(s, a);
}

struct err alert_file_raise(struct alert_file *f, const struct alert *a,
                            bool *is_new)
{
	struct job j = { .run = raise_one, .alert = a };
	struct err e = run(f, &j);

	*is_new = is_ok(e) && j.is_new;
	return e;
}

static struct err clear_one(struct sql *s, struct job *j)
{
	bind_key(s, CLEAR, j->alert);
	return sql_finish(s);
}

struct err alert_file_clear(struct alert_file *f, const struct alert *a)
{
	struct job j = { .run = clear_one, .alert = a };

	return run(f, &j);
}

/* -- forgetting -- */

static struct err run_with(struct sql *s, int statement, uint64_t number)
{
	sql_use(s, statement);
	sql_u64(s, 1, number);
	return sql_finish(s);
}

static struct err forget(struct sql *s, struct job *j)
{
	struct err e = run_with(s, FORGET, j->account);

	return is_ok(e) ? run_with(s, FORGET_FETCHED, j->account) : e;
}

struct err alert_file_forget(struct alert_file *f, uint64_t account)
{
	struct job j = { .run = forget, .account = account };

	return run(f, &j);
}

static struct err trim(struct sql *s, struct job *j)
{
	int64_t day = j->at / 86400;
	struct err e = run_with(
		s, TOO_OLD,
		j->at > ALERT_KEEP_S ? (uint64_t)(j->at - ALERT_KEEP_S) : 0);

	if (is_ok(e))
		e = run_with(s, TOO_MANY, ALERT_ROWS);
	if (is_ok(e) && day > HABIT_DAYS)
		e = run_with(s, FETCHED_TOO_OLD, (uint64_t)(day - HABIT_DAYS));
	return e;
}

struct err alert_file_trim(struct alert_file *f, int64_t now_s)
{
	struct job j = { .run = trim, .at = now_s };

	return run(f, &j);
}

/* -- reading -- */

static void read_row(struct sql *s, struct arena *a, struct alert_row *r)
{
	r->id = sql_column_u64(s, 0);
	r->kind = arena_copy(a, sql_column_text(s, 1));
	r->user = arena_copy(a, sql_column_text(s, 2));
	r->subject = arena_copy(a, sql_column_text(s, 3));
	r->first_s = (int64_t)sql_column_u64(s, 4);
	r->last_s = (int64_t)sql_column_u64(s, 5);
	r->count = sql_column_u64(s, 6);
}

static struct err read_page(struct sql *s, struct job *j)
{
	struct err e;
	bool there;

	sql_use(s, PAGE);
	sql_u64(s, 1, j->before != 0 ? j->before : INT64_MAX);
	sql_u64(s, 2, j->wanted->account);
	sql_text(s, 3, j->wanted->kind);
	sql_u64(s, 4, ALERT_PAGE);
	while (is_ok(e = sql_step(s, &there)) && there && j->n < ALERT_PAGE)
		read_row(s, j->arena, &j->rows[j->n++]);
	sql_done(s);
	return e;
}

struct err alert_file_page(struct alert_file *f, const struct alert_wanted *w,
                           uint64_t before, struct arena *arena,
                           struct alert_row *out, size_t *n)
{
	struct job j = { .run = read_page,
		         .wanted = w,
		         .before = before,
		         .arena = arena,
		         .rows = out };
	struct err e = run(f, &j);

	*n = j.n;
	return e;
}

/* -- what is fetched -- */

static struct err add_days(struct sql *s, struct job *j)
{
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < j->n; i++) {
		const struct fetched_day *d = &j->days[i];

		sql_use(s, FETCHED_ADD);
		sql_u64(s, 1, d->account);
		sql_u64(s, 2, (uint64_t)d->day);
		sql_u64(s, 3, d->fetched.octets);
		sql_u64(s, 4, d->fetched.messages);
		e = sql_finish(s);
	}
	return e;
}

struct err alert_file_add(struct alert_file *f, const struct fetched_day *v,
                          size_t n)
{
	struct job j = { .run = add_days, .days = v, .n = n };

	return run(f, &j);
}

static struct err find_habit(struct sql *s, struct job *j)
{
	struct err e;
	bool there;

	sql_use(s, HABIT);
	sql_u64(s, 1, j->account);
	sql_u64(s, 2, (uint64_t)j->at);
	sql_u64(s, 3, HABIT_DAYS);
	e = sql_step(s, &there);
	if (is_ok(e) && there)
		j->fetched = (struct fetched){ sql_column_u64(s, 0),
			                       sql_column_u64(s, 1) };
	sql_done(s);
	return e;
}

struct err alert_file_habit(struct alert_file *f, uint64_t account, int64_t day,
                            struct fetched *out)
{
	struct job j = { .run = find_habit, .account = account, .at = day };
	struct err e = run(f, &j);

	*out = j.fetched;
	return e;
}
