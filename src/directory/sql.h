/*
 * sql.h -- one SQLite connection and its prepared statements.
 *
 * Statements are prepared once, from literals; whatever comes from outside
 * is bound. One statement is in use at a time:
 *
 *	sql_use(s, FIND);
 *	sql_text(s, 1, name);
 *	while (is_ok(e = sql_step(s, &there)) && there)
 *		... sql_column_text(s, 0) ...
 *	sql_done(s);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct sql;

/* Made when absent, for nobody else to read; with write-ahead log, full
 * synchronisation and foreign keys, and with room set aside on the disk for
 * that log. Other connections to it can be opened in this process alone; one
 * that is there needs no room to be opened. ERR_IO, ERR_CORRUPT,
 * ERR_NOSPACE. */
struct err sql_open(const char *path, struct sql **out);
void sql_close(struct sql *);

/* Whether the log stays when the last connection is closed. It is written
 * from its beginning again and again, so what is set aside for it serves on a
 * full disk, as long as it is not removed; a log with a transaction in it that
 * never was must be. */
void sql_keep_log(struct sql *, bool keep);

/* Before anything is prepared: a script, one number. */
struct err sql_script(struct sql *, const char *text);
struct err sql_number(struct sql *, const char *text, uint64_t *out);

/* The newest version of what it holds is n: of one that holds version v (it is
 * empty: 0) from[v] makes the newest, in one transaction with its user_version.
 * ERR_NOTNOW: a newer roost has written it. */
struct err sql_bring_up(struct sql *, const char *const *from, size_t n);

/* Once; n at most 96. */
struct err sql_prepare(struct sql *, const char *const *texts, size_t n);

void sql_use(struct sql *, int statement);
void sql_text(struct sql *, int parameter, struct slice); /* not copied */
void sql_u64(struct sql *, int parameter, uint64_t);      /* below 2^63 */
struct err sql_step(struct sql *, bool *there);
void sql_done(struct sql *);

/* Text is valid until the next step. NULL is 0 and "". */
uint64_t sql_column_u64(struct sql *, int column);
struct slice sql_column_text(struct sql *, int column);

/* The statement in use, which gives no rows, to its end. */
struct err sql_finish(struct sql *);

/* A statement without parameters and rows. */
struct err sql_run(struct sql *, int statement);
void sql_rollback(struct sql *, int statement); /* if there is what to */

/* Rows that the last statement changed. */
int sql_changes(struct sql *);
