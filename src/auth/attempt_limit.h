/*
 * attempt_limit.h -- an attempt meets the limits, and leaves its row.
 *
 * limits_may_try() comes before any work on a secret, attempt_note() behind
 * the verdict: the two places where whoever keeps account of attempts stands.
 */
#pragma once

#include "auth/attempt.h"
#include "base/clock.h"

/* The time that limits are asked with. */
static inline uint32_t attempt_now_s(void)
{
	return (uint32_t)clock_now_s();
}

/*
 * False: it was refused, without a look at what it says, and is gone. To be
 * asked once attempt_find() has found who it claims to be, and any number of
 * times: the first one counts. What can't be guessed (tokens, certificates,
 * application passwords) need not ask.
 */
bool limits_may_try(struct attempt *);

/* It is who it says it is. False: it comes in too often, was refused for now,
 * and is gone. To be asked once, before it is told that it may come in. */
bool limits_may_come_in(struct attempt *);

/* Nobody heard of a verdict. */
void limits_give_up(struct attempt *);

/* It has ended, t->reason says why unless it was granted. */
void attempt_note(struct attempt *, enum outcome);

/* -- the process's -- */

/* Opens the history beside the directory; the status to exit with. */
int limits_open(struct auth *);
void limits_close(struct auth *);
void limits_reload(struct auth *);
/* What counts is on disk, or an error says that it may come back with a
 * restart. Suspends. */
struct err limits_flush(struct auth *);
