/* internal.h -- the directory as its files see it. */
#pragma once

#include "directory/directory.h"
#include "directory/sql.h"
#include "task/task.h"

enum directory_read {
	FIND,
	PAGE,
	PAGE_DOMAIN,
	UNFINISHED,
	COUNT_DOMAINS,
	COUNT_ACCOUNTS,
	UIDVALIDITY,
	HIDDEN_FOR,
	HIDDEN_PAGE,
	FIND_ID,
	GRANTED,
	OWNERS,
	GROUPS_OF,
	SECRET,
	GROUP_PAGE,
	POLICIES_FOR,
	POLICY_PAGE,
	NEXT_EXPIRY,
	APP_PASSWORDS,
	APP_PASSWORD,
	CERTIFICATE,
	CERTIFICATES,
	EXPIRED,
	SECOND_FACTOR,
	STALE,
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
	SET_ADMINISTRATOR,
	RAISE,
	RAISE_UIDVALIDITY,
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
	SET_POLICY,
	UNSET_POLICY,
	FORGET_POLICIES,
	FORGET_POLICIES_DOMAINS,
	ADD_APP_PASSWORD,
	TOO_MANY_CREDENTIALS,
	REMOVE_CREDENTIAL,
	ADD_CERTIFICATE,
	SET_SECOND_FACTOR,
	CONFIRM_SECOND_FACTOR,
	REMOVE_SECOND_FACTOR,
	TAKE_STEP,
	MISS_CODE,
	FORGET_RECOVERY_CODES,
	ADD_RECOVERY_CODE,
	TAKE_RECOVERY_CODE,
	WRITES
};

/* From each version to the next one; the first makes the empty file one. */
extern const char *const directory_upgrades[];
extern const size_t n_directory_upgrades;

struct directory {
	uint32_t partitions;
	struct sql *reader; /* the loop's */
	struct sql *writer; /* the worker's that holds `writing` */
	struct task_mutex writing;
	bool in_doubt; /* what was refused may be in the log */
	struct buf secret;
};

/* One transaction on a worker thread; run() sees only the writer. */
struct write {
	struct sql *sql;
	struct err (*run)(struct write *);
	struct err e;
	uint64_t id; /* of the account or the credential */
	uint64_t generation;
	uint32_t uidvalidity;
	enum account_state state;
	struct slice name;
	struct slice stored;
	const struct credential_use *uses;
	size_t n_uses;
	struct slice scope;
	struct slice value;
	bool shared;
	bool administrator;
	bool changed;  /* out: there is a row that there wasn't */
	bool in_doubt; /* in and out: the directory's */
};

/* The row of the statement in use. ERR_ABSENT */
struct err directory_one_row(struct sql *, struct account_row *out);

/* Suspends until run() is done and durable, or nothing was changed. */
struct err directory_write(struct directory *, struct write *);

/* -- what app passwords and certificates share; in a transaction -- */

/* ERR_LIMIT, and why, when the account has more of that kind. */
struct err credentials_within(struct write *, struct slice kind, uint64_t most,
                              const char *why);

/* The one of that kind and of w->name. ERR_ABSENT, and why. */
struct err credential_remove(struct write *w, struct slice kind,
                             uint64_t *credential, const char *why);
