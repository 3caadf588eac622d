/*
 * outside.h -- questions to the process that asks those outside.
 *
 * A task asks and sleeps; nobody else waits with it. What is told is foreign:
 * whoever asked looks at it as at what a client says.
 */
#pragma once

#include "auth/internal.h"
#include "ipc/ask.h"

struct outside_answer {
	uint32_t status;
	struct buf body; /* outside_answer_free() wipes it */
	uint64_t quota_bytes;
	uint64_t date_s; /* that it says it is, since 1970; 0: it doesn't */
	char text[TOLD_TEXT + 1]; /* what went wrong, for the log; or "" */
};

/*
 * fields: ASK_FIELDS, those of the kind (ipc/protocol.h) and "".
 * ERR_UNAVAILABLE: it is not there, died, or had no answer in ASK_SECONDS;
 * ERR_ABSENT, ERR_SYNTAX: said by it. The answer is to be freed in any case.
 * Suspends.
 */
struct err outside_ask(struct auth *, enum ask_kind, const struct slice *fields,
                       struct outside_answer *out);
void outside_answer_free(struct outside_answer *);

/* authorization: of that header, "": none. Any status is an answer. */
struct err outside_get(struct auth *, struct slice url,
                       struct slice authorization, struct outside_answer *out);

struct outside_post {
	struct slice url;
	struct slice authorization;
	struct slice content_type;
	struct slice body;
};

struct err outside_post(struct auth *, const struct outside_post *,
                        struct outside_answer *out);

/* TOLD; false when it does not parse. */
bool outside_told(struct auth *, struct frame_in *);
