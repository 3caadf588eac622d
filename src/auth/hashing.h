/*
 * hashing.h -- slow hashes, at most one a core at a time.
 *
 * A burst of wrong passwords may use the cores it finds free, no more: who
 * comes when HASHING_QUEUE are waiting is told to come again. Who signs in
 * where the account is known waits for no stranger, or whoever has many
 * addresses could keep everybody out; and more of those may wait, since after a
 * restart all come back at once.
 */
#pragma once

#include "base/err.h"
#include "directory/password.h"
#include "task/task.h"

enum { HASHING_QUEUE = 64, HASHING_QUEUE_KNOWN = 512 };

enum hashing_rank {
	HASHING_KNOWN,
	HASHING_STRANGER, /* when nobody else waits */
	HASHING_RANKS
};

struct hashing {
	unsigned most; /* at once; 0: one a core */
	unsigned running;
	struct {
		unsigned waiting;
		struct wait_list free;
	} queue[HASHING_RANKS];
};

struct hashing hashing_init(void);

/* password.h's functions on a worker thread. Suspend. ERR_UNAVAILABLE: the
 * queue is full. */
struct err hashing_verify(struct hashing *, enum hashing_rank,
                          struct slice stored, struct slice secret,
                          bool allow_plain, enum password_answer *out);
/* Of rank HASHING_KNOWN. */
struct err hashing_hash(struct hashing *, struct slice secret,
                        struct password_cost, struct buf *out);
