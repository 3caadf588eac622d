/*
 * requests.h -- questions put to another process, not answered yet.
 *
 * The number of a question is chosen here and names a slot and its use, so
 * that an answer that comes twice, or to a question that was given up,
 * finds nobody.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ipc/frame.h"

/* answer NULL: nobody will answer. The frame's request number has been read. */
typedef void request_fn(void *arg, struct frame_in *answer);

struct request {
	request_fn *fn; /* NULL: the slot is free */
	void *arg;
	uint32_t uses;
	uint32_t next_free; /* slot + 1; 0: none */
};

/* Zeroed it is empty. */
struct requests {
	struct request *slots;
	uint32_t n;
	uint32_t open;       /* that wait for their answer */
	uint32_t first_free; /* slot + 1; 0: none */
};

/* Never 0. */
uint64_t requests_add(struct requests *, request_fn *fn, void *arg);

/* The question is given up; 0 is fine. */
void requests_cancel(struct requests *, uint64_t id);

/* What was given with it, which is not called back; NULL: it doesn't wait. */
void *requests_take(struct requests *, uint64_t id);

/* Calls back whoever asked; false when nobody did. */
bool requests_answer(struct requests *, uint64_t id, struct frame_in *);

/* Nobody will be answered. */
void requests_fail_all(struct requests *);

void requests_free(struct requests *);
