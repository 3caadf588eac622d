/*
 * question.h -- a question on its way through the process.
 *
 * The loop makes it of a frame; a worker thread reads its fields and writes
 * `told`, and nothing else of it meanwhile.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "ipc/ask.h"

/* The answer; zeroed: ERR_OK, status 0, nothing in it. */
struct told {
	enum err_code code;
	char text[TOLD_TEXT]; /* for auth's log: what went wrong, or "" */
	uint32_t status;
	struct buf body; /* limited to TOLD_BODY; wiped */
	uint64_t quota_bytes;
	uint64_t date_s; /* that it says it is, since 1970; 0: it doesn't */
};

struct question {
	enum ask_kind ask;
	struct slice field[ASK_FIELDS];
	uint64_t ends_ms; /* by question_now_ms() */
	struct told told;
};

/* Monotonic; from any thread. */
uint64_t question_now_ms(void);

/* Until it must be answered; at least 1, for libraries that take 0 for no
 * limit. */
uint32_t question_left_ms(const struct question *);

/* There is no answer; the text is cut to what fits. */
void question_fail(struct question *, enum err_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
