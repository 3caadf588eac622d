/* directory_internal.h -- the directory as its files see it. */
#pragma once

#include "auth/directory.h"
#include "auth/sql.h"
#include "task/task.h"

enum directory_read {
	FIND,
	PAGE,
	PAGE_DOMAIN,
	UNFINISHED,
	COUNT_DOMAINS,
	COUNT_ACCOUNTS,
	HIDDEN_FOR,
	HIDDEN_PAGE,
	FIND_ID,
	GRANTED,
	OWNERS,
	GROUPS_OF,
	GROUP_PAGE,
	READS
};

enum directory_write {
	BEGIN,
	COMMIT,
	ROLLBACK,
	TOUCH,
	TOUCH_BACK,
	ADD_DOMAIN,
	ADD_ACCOUNT,
	FIND_ADDING,
	ADD_CREDENTIAL,
	SET_STATE,
	RAISE,
	SET_PASSWORD,
	REHASH,
	FORGET,
	FORGET_DOMAINS,
	FORGET_HIDDEN,
	FORGET_HIDDEN_DOMAINS,
	USED,
	HIDE,
	HIDES_TOO_MUCH,
	OFFER,
	SHARE,
	ADD_GRANT,
	JOIN,
	LEAVE,
	IN_TOO_MANY,
	WRITES
};

struct directory {
	uint32_t partitions;
	struct sql *reader; /* the loop's */
	struct sql *writer; /* the worker's that holds `writing` */
	struct task_mutex writing;
};

/* One transaction on a worker thread; run() sees only the writer. */
struct write {
	struct sql *sql;
	struct err (*run)(struct write *);
	struct err e;
	uint64_t id; /* of the account or the credential */
	uint64_t generation;
	enum account_state state;
	struct slice name;
	struct slice stored;
	const struct credential_use *uses;
	size_t n_uses;
	struct slice scope;
	bool shared;
};

/* The row of the statement in use. ERR_ABSENT */
struct err directory_one_row(struct sql *, struct account_row *out);

/* Suspends until run() is done and durable, or nothing was changed. */
struct err directory_write(struct directory *, struct write *);
