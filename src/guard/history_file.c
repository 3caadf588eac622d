/* history_file.c -- the tables of the history, and how they are kept small. */
#include "guard/history_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* fold: equal in all but time, on one day. country is for the policies of
 * countries; "" where none is known. */
static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE sign_ins ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" fold INTEGER NOT NULL UNIQUE,"
	" account INTEGER NOT NULL,"
	" granted INTEGER NOT NULL,"
	" first INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" name TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" network TEXT NOT NULL,"
	" country TEXT NOT NULL,"
	" service TEXT NOT NULL,"
	" mechanism TEXT NOT NULL,"
	" tls TEXT NOT NULL,"
	" credential TEXT NOT NULL,"
	" client TEXT NOT NULL,"
	" session TEXT NOT NULL) STRICT;"
	"CREATE INDEX sign_ins_by_account ON sign_ins(account, granted, last);"
	"CREATE INDEX sign_ins_by_age ON sign_ins(granted, last);"
	"CREATE TABLE places ("
	" account INTEGER NOT NULL,"
	" network TEXT NOT NULL,"
	" first INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" PRIMARY KEY(account, network)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX places_by_age ON places(last);"
	"CREATE TABLE tallies ("
	" kind INTEGER NOT NULL,"
	" place INTEGER NOT NULL,"
	" key TEXT NOT NULL,"
	" account INTEGER NOT NULL,"
	" at INTEGER NOT NULL,"
	" until INTEGER NOT NULL,"
	" since INTEGER NOT NULL,"
	" failures INTEGER NOT NULL,"
	" label TEXT NOT NULL,"
	" PRIMARY KEY(kind, place)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 2;"
	"COMMIT;";

/* What version 1 lacks. */
static const char second_schema[] =
	"BEGIN IMMEDIATE;"
	"ALTER TABLE tallies ADD COLUMN since INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version = 2;"
	"COMMIT;";

enum { HISTORY_VERSION = 2 };

enum { KNOWS, PAGE, TALLIES, EACH, FIRST_THERE, FIRST_ANYWHERE, READS };

#define COLUMNS                                                            \
	"id, account, granted, first, last, count, name, reason, address," \
	" network, country, service, mechanism, tls, credential, client,"  \
	" session"

static const char *const reads[READS] = {
	[KNOWS] = "SELECT 1 FROM places WHERE account = ?1 AND network = ?2"
		  " AND last >= ?3",
	[PAGE] = "SELECT " COLUMNS " FROM sign_ins WHERE account = ?1"
		 " AND id < ?2 ORDER BY id DESC LIMIT ?3",
	[TALLIES] = "SELECT kind, place, key, account, at, until, failures,"
		    " label, since FROM tallies",
	[EACH] = "SELECT " COLUMNS " FROM sign_ins WHERE account = ?1"
		 " AND granted = 1 ORDER BY last DESC",
	[FIRST_THERE] = "SELECT first FROM places WHERE account = ?1"
			" AND network = ?2",
	[FIRST_ANYWHERE] = "SELECT min(first) FROM places WHERE account = ?1",
};

enum {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD,
	ADD_PLACE,
	SAVE,
	TOO_MANY,
	TOO_OLD,
	PLACE_TOO_OLD,
	COUNT,
	TOO_MANY_IN_ALL,
	FORGET,
	FORGET_PLACES,
	WRITES
};

static const char *const writes[WRITES] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[ADD] = "INSERT INTO sign_ins (fold, account, granted, first, last,"
		" count, name, reason, address, network, country, service,"
		" mechanism, tls, credential, client, session) VALUES (?1, ?2,"
		" ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
		" ?16, ?17) ON CONFLICT (fold) DO UPDATE SET last ="
		" max(last, ?5), count = count + ?6, session = ?17",
	[ADD_PLACE] = "INSERT INTO places (account, network, first, last)"
		      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
		      " SET last = max(last, ?4)",
	[SAVE] = "INSERT OR REPLACE INTO tallies (kind, place, key, account,"
		 " at, until, failures, label, since) VALUES (?1, ?2, ?3, ?4,"
		 " ?5, ?6, ?7, ?8, ?9)",
	[TOO_MANY] = "DELETE FROM sign_ins WHERE account = ?1 AND granted = ?2"
		     " AND last <= (SELECT last FROM sign_ins"
		     " WHERE account = ?1 AND granted = ?2"
		     " ORDER BY last DESC LIMIT 1 OFFSET ?3)",
	[TOO_OLD] = "DELETE FROM sign_ins WHERE granted = ?1 AND last < ?2",
	[PLACE_TOO_OLD] = "DELETE FROM places WHERE last < ?1",
	[COUNT] = "SELECT count(*) FROM sign_ins",
	[TOO_MANY_IN_ALL] = ("DELETE FROM sign_ins WHERE id IN (SELECT id FROM"
	                     " sign_ins ORDER BY granted, last LIMIT ?1)"),
	[FORGET] = "DELETE FROM sign_ins WHERE account = ?1",
	[FORGET_PLACES] = "DELETE FROM places WHERE account = ?1",
};

/* -- opening -- */

static struct err set_up(struct sql *writer)
{
	static const char *const from[HISTORY_VERSION] = { schema,
		                                           second_schema };
	struct err e = sql_bring_up(writer, from, HISTORY_VERSION);

	return is_ok(e) ? sql_prepare(writer, writes, WRITES) : e;
}

struct err history_file_open(const char *path, struct sql **writer,
                             struct sql **reader)
{
	struct err e = sql_open(path, writer);

	if (is_ok(e))
		e = set_up(*writer);
	if (is_ok(e))
		e = sql_open(path, reader);
	return is_ok(e) ? sql_prepare(*reader, reads, READS) : e;
}

/* -- writing -- */

static struct err add(struct sql *w, const struct sign_in *s, uint64_t fold)
{
	const uint64_t numbers[] = { fold,
		                     s->account,
		                     s->granted,
		                     (uint64_t)s->first_s,
		                     (uint64_t)s->last_s,
		                     s->count };
	const struct slice texts[] = { s->name,      s->reason,  s->address,
		                       s->network,   s->country, s->service,
		                       s->mechanism, s->tls,     s->credential,
		                       s->client,    s->session };
	int at = 1;

	sql_use(w, ADD);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sql_u64(w, at++, numbers[i]);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		sql_text(w, at++, texts[i]);
	return sql_finish(w);
}

static struct err add_place(struct sql *w, const struct sign_in *s)
{
	sql_use(w, ADD_PLACE);
	sql_u64(w, 1, s->account);
	sql_text(w, 2, s->network);
	sql_u64(w, 3, (uint64_t)s->first_s);
	sql_u64(w, 4, (uint64_t)s->last_s);
	return sql_finish(w);
}

static struct err save(struct sql *w, const struct saved *s)
{
	char key[17];

	snprintf(key, sizeof key, "%016" PRIx64, s->tally.key);
	sql_use(w, SAVE);
	sql_u64(w, 1, s->kind);
	sql_u64(w, 2, s->place);
	sql_text(w, 3, slice_cstr(key));
	sql_u64(w, 4, s->tally.account);
	sql_u64(w, 5, s->tally.at_s);
	sql_u64(w, 6, s->tally.until_s);
	sql_u64(w, 7, s->tally.failures);
	sql_text(w, 8, tally_label(&s->tally));
	sql_u64(w, 9, s->tally.since_s);
	return sql_finish(w);
}

static struct err run_with(struct sql *w, int statement, uint64_t a, uint64_t b,
                           uint64_t c)
{
	sql_use(w, statement);
	sql_u64(w, 1, a);
	if (statement == TOO_OLD || statement == TOO_MANY)
		sql_u64(w, 2, b);
	if (statement == TOO_MANY)
		sql_u64(w, 3, c);
	return sql_finish(w);
}

static uint64_t before(int64_t now_s, uint32_t keep_s)
{
	return now_s > keep_s ? (uint64_t)(now_s - keep_s) : 0;
}

static struct err shrink_in_all(struct sql *w, uint64_t most)
{
	uint64_t n;
	struct err e;
	bool there;

	sql_use(w, COUNT);
	e = sql_step(w, &there);
	n = is_ok(e) && there ? sql_column_u64(w, 0) : 0;
	sql_done(w);
	if (!is_ok(e) || n <= most)
		return e;
	return run_with(w, TOO_MANY_IN_ALL, n - most, 0, 0);
}

static struct err shrink(struct sql *w, const struct history_batch *b)
{
	const struct history_rules *r = &b->rules;
	struct err e = run_with(w, TOO_OLD, 1, before(b->now_s, r->keep_s), 0);

	if (is_ok(e))
		e = run_with(w, TOO_OLD, 0,
		             before(b->now_s, r->keep_failures_s), 0);
	if (is_ok(e))
		e = run_with(w, PLACE_TOO_OLD, before(b->now_s, r->keep_s), 0,
		             0);
	for (size_t i = 0; is_ok(e) && i < b->n; i++)
		if (b->rows[i].account != 0)
			e = run_with(w, TOO_MANY, b->rows[i].account,
			             b->rows[i].granted, r->per_account);
	return is_ok(e) ? shrink_in_all(w, r->in_all) : e;
}

static struct err add_all(struct sql *w, const struct history_batch *b)
{
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < b->n; i++) {
		e = add(w, &b->rows[i], b->folds[i]);
		if (is_ok(e) && b->rows[i].granted)
			e = add_place(w, &b->rows[i]);
	}
	for (size_t i = 0; is_ok(e) && i < b->n_saved; i++)
		e = save(w, &b->saved[i]);
	return is_ok(e) ? shrink(w, b) : e;
}

static struct err finish(struct sql *w, struct err e)
{
	if (is_ok(e))
		e = sql_run(w, COMMIT);
	if (!is_ok(e))
		sql_rollback(w, ROLLBACK);
	return e;
}

struct err history_file_write(struct sql *w, const struct history_batch *b)
{
	struct err e = sql_run(w, BEGIN);

	return is_ok(e) ? finish(w, add_all(w, b)) : e;
}

struct err history_file_forget(struct sql *w, uint64_t account)
{
	struct err e = sql_run(w, BEGIN);

	if (!is_ok(e))
		return e;
	e = run_with(w, FORGET, account, 0, 0);
	if (is_ok(e))
		e = run_with(w, FORGET_PLACES, account, 0, 0);
	return finish(w, e);
}

/* -- reading -- */

struct err history_file_knows(struct sql *r, uint64_t account,
                              struct slice network, int64_t since_s,
                              bool *knows)
{
	struct err e;

	sql_use(r, KNOWS);
	sql_u64(r, 1, account);
	sql_text(r, 2, network);
	sql_u64(r, 3, since_s > 0 ? (uint64_t)since_s : 0);
	e = sql_step(r, knows);
	sql_done(r);
	return e;
}

/* Texts are valid until the next step, unless there is an arena for them. */
static void read_row(struct sql *r, struct arena *a, struct sign_in *s)
{
	struct slice *texts[] = { &s->name,      &s->reason,  &s->address,
		                  &s->network,   &s->country, &s->service,
		                  &s->mechanism, &s->tls,     &s->credential,
		                  &s->client,    &s->session };

	s->id = sql_column_u64(r, 0);
	s->account = sql_column_u64(r, 1);
	s->granted = sql_column_u64(r, 2) != 0;
	s->first_s = (int64_t)sql_column_u64(r, 3);
	s->last_s = (int64_t)sql_column_u64(r, 4);
	s->count = sql_column_u64(r, 5);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		*texts[i] = sql_column_text(r, 6 + (int)i);
		if (a != NULL)
			*texts[i] = arena_copy(a, *texts[i]);
	}
}

struct err history_file_page(struct sql *r, uint64_t account,
                             uint64_t before_id, struct arena *a,
                             struct sign_in *out, size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(r, PAGE);
	sql_u64(r, 1, account);
	sql_u64(r, 2, before_id != 0 ? before_id : INT64_MAX);
	sql_u64(r, 3, most);
	*n = 0;
	while (is_ok(e = sql_step(r, &there)) && there && *n < most)
		read_row(r, a, &out[(*n)++]);
	sql_done(r);
	return e;
}

struct err history_file_each(struct sql *r, uint64_t account,
                             bool (*fn)(void *arg, const struct sign_in *),
                             void *arg)
{
	struct sign_in s = { 0 };
	bool goes_on = true;
	struct err e = OK;
	bool there;

	sql_use(r, EACH);
	sql_u64(r, 1, account);
	while (goes_on && is_ok(e = sql_step(r, &there)) && there) {
		read_row(r, NULL, &s);
		goes_on = fn(arg, &s);
	}
	sql_done(r);
	return e;
}

/* 0 when there is none. */
static struct err read_time(struct sql *r, int64_t *out)
{
	bool there;
	struct err e = sql_step(r, &there);

	*out = is_ok(e) && there ? (int64_t)sql_column_u64(r, 0) : 0;
	sql_done(r);
	return e;
}

struct err history_file_first(struct sql *r, uint64_t account,
                              struct slice network, int64_t *there_s,
                              int64_t *anywhere_s)
{
	struct err e;

	sql_use(r, FIRST_THERE);
	sql_u64(r, 1, account);
	sql_text(r, 2, network);
	e = read_time(r, there_s);
	if (!is_ok(e))
		return e;
	sql_use(r, FIRST_ANYWHERE);
	sql_u64(r, 1, account);
	return read_time(r, anywhere_s);
}

static void restore_row(struct sql *r, struct limits *l)
{
	uint64_t kind = sql_column_u64(r, 0);
	uint64_t place = sql_column_u64(r, 1);
	struct slice key = sql_column_text(r, 2);
	struct tally y = { .account = sql_column_u64(r, 3),
		           .at_s = (uint32_t)sql_column_u64(r, 4),
		           .until_s = (uint32_t)sql_column_u64(r, 5),
		           .failures = (uint16_t)sql_column_u64(r, 6),
		           .since_s = (uint32_t)sql_column_u64(r, 8) };
	struct slice label;
	struct tallies *t;

	y.key = strtoull(key.ptr != NULL ? key.ptr : "", NULL, 16);
	label = slice_first(sql_column_text(r, 7), TALLY_LABEL);
	if (kind >= LIMIT_KIND_SECRET || y.key == 0)
		return;
	y.label_len = (uint8_t)label.len;
	if (label.len != 0)
		memcpy(y.label, label.ptr, label.len);
	t = limits_table(l, (enum limit_kind)kind);
	if (place < tallies_places(t))
		tallies_put(t, (size_t)place, &y);
}

struct err history_file_restore(struct sql *r, struct limits *l)
{
	struct err e;
	bool there;

	sql_use(r, TALLIES);
	while (is_ok(e = sql_step(r, &there)) && there)
		restore_row(r, l);
	sql_done(r);
	return e;
}
