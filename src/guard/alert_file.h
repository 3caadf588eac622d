/*
 * alert_file.h -- what has been raised, and what accounts usually fetch:
 * auth/alerts.sqlite.
 *
 * That an alert is raised once holds across restarts because its row is
 * durable before anybody is told. One connection, used by one task at a time
 * on a worker thread; every function but opening and closing suspends.
 *
 * It doesn't grow for ever: what was last seen ALERT_KEEP_S ago is forgotten,
 * habits after HABIT_DAYS, and of too many rows the oldest go.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "guard/alert.h"
#include "guard/habit.h"

enum {
	ALERT_KEEP_S = 400 * 86400,
	ALERT_ROWS = 100000,
};

struct alert_file;

struct alert_row {
	uint64_t id; /* of the row */
	struct slice kind;
	struct slice user;
	struct slice subject;
	int64_t first_s;
	int64_t last_s;
	uint64_t count;
};

/* Opens, or makes, the file. Errors as directory_open(). */
struct err alert_file_open(const char *path, struct alert_file **out);
void alert_file_close(struct alert_file *); /* NULL is fine */

/* Counts it. *is_new: it is to be told. */
struct err alert_file_raise(struct alert_file *, const struct alert *,
                            bool *is_new);

/* It is better: the next one of this kind, account and subject is told. */
struct err alert_file_clear(struct alert_file *, const struct alert *);

/* Nothing of the account stays. */
struct err alert_file_forget(struct alert_file *, uint64_t account);

/* Of one account or (0) of all, of one kind or ("") of all. */
struct alert_wanted {
	uint64_t account;
	struct slice kind;
};

enum { ALERT_PAGE = 64 };

/* Newest first, with an id below `before` (0: from the newest on), at most
 * ALERT_PAGE; in the arena. */
struct err alert_file_page(struct alert_file *, const struct alert_wanted *,
                           uint64_t before, struct arena *,
                           struct alert_row *out, size_t *n);

/* -- what is fetched -- */

/* Of one account on one day. */
struct fetched_day {
	uint64_t account;
	int64_t day; /* since 1970 */
	struct fetched fetched;
};

/* Adds them up. */
struct err alert_file_add(struct alert_file *, const struct fetched_day *,
                          size_t n);

/* The most that the account has fetched on one of the days before. */
struct err alert_file_habit(struct alert_file *, uint64_t account, int64_t day,
                            struct fetched *out);

/* What is too old, or too much, goes. */
struct err alert_file_trim(struct alert_file *, int64_t now_s);
