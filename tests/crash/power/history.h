/*
 * history.h -- what had been acknowledged when.
 *
 * A chain is one thing whose changes follow one another: an account's mail,
 * the directory of accounts. Each of its steps is a change that was asked
 * for (begin), acknowledged (ack), and led to a state. At a cut, a chain may
 * be in the state of the last step that was acknowledged, or of the one that
 * was under way, and in no other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

enum { HISTORY_CHAINS = 16, HISTORY_STEPS = 256 };

struct step {
	uint32_t begin;
	uint32_t ack; /* UINT32_MAX: never */
	struct slice what;
	struct slice state;
};

struct steps {
	struct step steps[HISTORY_STEPS];
	uint32_t n;
};

struct history {
	struct steps chains[HISTORY_CHAINS];
	uint32_t acknowledged; /* steps, in all */
};

/* The marks of a recording, whose memory the states stay in. */
struct history *history_read(const struct recording *);

/* What was found first on a disk was on it from the start. */
void history_begin_first(struct history *);

/* The event with which a phase begins; UINT32_MAX: it never does. */
uint32_t history_phase(const struct recording *, const char *phase);

/* What a chain may be at a cut before event `cut`; n is 1 or 2 when it had
 * begun, 0 when nothing was known of it. */
struct possible {
	const struct step *v[2];
	uint32_t n;
	uint32_t begun; /* steps that had, from the first on */
};

struct possible history_at(const struct history *, uint32_t chain,
                           uint32_t cut);
