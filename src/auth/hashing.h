/*
 * hashing.h -- slow hashes, at most one a core at a time.
 *
 * A burst of wrong passwords may use the cores it finds free, no more: who
 * comes when HASHING_QUEUE are waiting is told to come again.
 */
#pragma once

#include "auth/password.h"
#include "base/err.h"
#include "task/task.h"

enum { HASHING_QUEUE = 64 };

struct hashing {
	unsigned most; /* at once; 0: one a core */
	unsigned running;
	unsigned waiting;
	struct wait_list free;
};

struct hashing hashing_init(void);

/* password.h's functions on a worker thread. Suspend. ERR_UNAVAILABLE: the
 * queue is full. */
struct err hashing_verify(struct hashing *, struct slice stored,
                          struct slice secret, bool allow_plain,
                          enum password_answer *out);
struct err hashing_hash(struct hashing *, struct slice secret,
                        struct password_cost, struct buf *out);
