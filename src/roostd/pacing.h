/*
 * pacing.h -- when a child that has died is started again.
 *
 * One that had become ready is missed: whatever makes it die again and again
 * may cost its clients no more than moments, and the machine no more than two
 * starts a second. So some restarts in a row do not wait, and those behind
 * them keep their distance. One that died before it was ready will most likely
 * do so again, and waits twice as long each time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	PACING_AT_ONCE = 10,    /* so many restarts do not wait, */
	PACING_APART_MS = 500,  /* and the others keep this distance */
	PACING_FIRST_MS = 100,  /* who was not ready waits so long, */
	PACING_MOST_MS = 30000, /* twice, four times, and at most this */
};

/* Zeroed: it has never died. */
struct pacing {
	uint32_t failures; /* ends in a row before it was ready */
	uint64_t used_ms;  /* the time that its restarts have used up */
};

/* It has died, now; milliseconds until it is started again. */
uint64_t pacing_wait_ms(struct pacing *, uint64_t now_ms, bool was_ready);
