/* history_internal.h -- between history.c, what waits and who writes it, and
 * history_file.c, the statements. */
#pragma once

#include "directory/sql.h"
#include "guard/history.h"
#include "task/task.h"

enum { SAVED_MOST = 4096 };

/* A count and its place in its table. */
struct saved {
	enum limit_kind kind;
	size_t place;
	struct tally tally;
};

/* What is written together; rows in order of their first time. */
struct history_batch {
	struct arena *arena;
	struct sign_in *rows;
	uint64_t *folds; /* of rows: equal, then it is the same but for time */
	size_t n;
	struct saved *saved;
	size_t n_saved;
	struct history_rules rules;
	int64_t now_s;
};

struct err history_file_open(const char *path, struct sql **writer,
                             struct sql **reader);

/* On a worker thread: one transaction. */
struct err history_file_write(struct sql *writer, const struct history_batch *);
struct err history_file_forget(struct sql *writer, uint64_t account);

/* On the loop. */
struct err history_file_knows(struct sql *reader, uint64_t account,
                              struct slice network, int64_t since_s,
                              bool *knows);
struct err history_file_page(struct sql *reader, uint64_t account,
                             uint64_t before, struct arena *,
                             struct sign_in *out, size_t most, size_t *n);
struct err history_file_each(struct sql *reader, uint64_t account,
                             bool (*fn)(void *arg, const struct sign_in *),
                             void *arg);
struct err history_file_first(struct sql *reader, uint64_t account,
                              struct slice network, int64_t *there_s,
                              int64_t *anywhere_s);
struct err history_file_restore(struct sql *reader, struct limits *);
