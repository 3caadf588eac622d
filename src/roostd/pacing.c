/* pacing.c -- see pacing.h. */
#include "roostd/pacing.h"

static uint64_t back_off_ms(uint32_t failures)
{
	uint64_t wait_ms = PACING_FIRST_MS;

	for (uint32_t i = 1; i < failures && wait_ms < PACING_MOST_MS; i++)
		wait_ms *= 2;
	return wait_ms < PACING_MOST_MS ? wait_ms : PACING_MOST_MS;
}

/* Each restart uses up some time; what has not been used is there for a few
 * at once, and no more. */
static uint64_t distance_ms(struct pacing *p, uint64_t now_ms)
{
	const uint64_t burst = PACING_AT_ONCE * PACING_APART_MS;

	if (p->used_ms + burst < now_ms)
		p->used_ms = now_ms - burst;
	p->used_ms += PACING_APART_MS;
	return p->used_ms > now_ms ? p->used_ms - now_ms : 0;
}

uint64_t pacing_wait_ms(struct pacing *p, uint64_t now_ms, bool was_ready)
{
	if (was_ready)
		p->failures = 0;
	else if (p->failures < UINT32_MAX)
		p->failures++;
	return was_ready ? distance_ms(p, now_ms) : back_off_ms(p->failures);
}
