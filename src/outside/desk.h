/*
 * desk.h -- where one of those outside is asked: a few places, and a queue.
 *
 * A place keeps what its questions leave for the next one (a connection), and
 * belongs to one question at a time, whose worker thread may wait as long as
 * it must. So a slow one holds up its own desk and no other.
 */
#pragma once

#include "base/err.h"
#include "task/task.h"

enum { DESK_PLACES = 4, DESK_QUEUE = 64 };

struct place {
	bool taken;
	void *kept; /* NULL: nothing */
};

/* Zeroed it is free. */
struct desk {
	struct place places[DESK_PLACES];
	struct wait_list free;
	unsigned waiting;
};

/* Suspends until there is a place. ERR_LIMIT: the queue is full; ERR_TIMEOUT:
 * there was none within wait_ms. */
struct err desk_enter(struct desk *, uint32_t wait_ms, struct place **out);
void desk_leave(struct desk *, struct place *);
