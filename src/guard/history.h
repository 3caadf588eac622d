/*
 * history.h -- who has signed in, or tried to: auth/history.sqlite.
 *
 * What is the same but for its time is one row a day: when first, when last,
 * how often. Rows are kept in memory until there are many, or some seconds
 * have passed, and then written together on a worker thread; a crash loses
 * those. So are the places where accounts sign in, and the counts that
 * outlive the process (limit.h).
 *
 * It never grows beyond what its rules say: the oldest goes, and failures,
 * of which strangers can make any number, never push out what succeeded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "guard/limit.h"

struct history;

struct sign_in {
	uint64_t id;      /* of the row */
	uint64_t account; /* 0: there is no such one */
	int64_t first_s;
	int64_t last_s;
	uint64_t count;
	bool granted;
	struct slice name; /* of the account, or what was said */
	struct slice reason;
	struct slice address;
	struct slice network;
	struct slice country; /* two letters, or empty */
	struct slice service;
	struct slice mechanism;
	struct slice tls;
	struct slice credential; /* of an application password: its name */
	struct slice client;     /* what it said with ID */
	struct slice session;    /* the last one */
};

/* Opens, or makes, the file. Errors as directory_open(). */
struct err history_open(const char *path, struct slice secret,
                        struct history_rules, struct history **out);
void history_close(struct history *);
void history_set_rules(struct history *, struct history_rules);

/* Copied; first_s is its time. False: there is too much to be written, and
 * it is lost (what was granted never is). */
bool history_add(struct history *, const struct sign_in *);

/* So much waits that it should be written now. */
bool history_is_full(const struct history *);

/* Has the account signed in from that network (as text) since? An error is
 * no. */
bool history_knows(struct history *, uint64_t account, struct slice network,
                   int64_t since_s);

/* Each sign-in of the account that was granted, written or not, in no order;
 * some twice. False from fn ends it. Nothing suspends. */
struct err history_each(struct history *, uint64_t account,
                        bool (*fn)(void *arg, const struct sign_in *),
                        void *arg);

/* When somebody was let in first: to the account at that network, and at
 * any; 0: never. */
struct err history_first(struct history *, uint64_t account,
                         struct slice network, int64_t *there_s,
                         int64_t *anywhere_s);

/* Writes what waits, and what the limits have counted since; forgets what is
 * too old, or too much. Suspends. Rows that could not be written are lost;
 * counts are written the next time. */
struct err history_write(struct history *, struct limits *, int64_t now_s);

/* Counts as they were saved. */
struct err history_restore(struct history *, struct limits *);

/* Newest first, with an id below `before` (0: from the newest on), at most
 * `most`; in the arena. */
struct err history_page(struct history *, uint64_t account, uint64_t before,
                        struct arena *, struct sign_in *out, size_t most,
                        size_t *n);

/* Nothing of it stays. Suspends. */
struct err history_forget(struct history *, uint64_t account);
