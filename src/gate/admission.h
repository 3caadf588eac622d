/*
 * admission.h -- who may be connected without having logged in.
 *
 * Every such connection, a guest, belongs to four crowds: those of its
 * host, its site, its network (address prefixes) and of everybody. When a
 * crowd is full, its oldest guest makes room for the newcomer; when
 * everybody is too many, the oldest of the network with the most guests
 * does. So a flood pushes out its own connections, and a log-in, which
 * takes a moment, gets through. A guest whose credentials are being checked
 * is never pushed out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/network.h"
#include "gate/gate.h"

enum level { LEVEL_HOST, LEVEL_SITE, LEVEL_NETWORK, LEVEL_ALL, LEVELS };

/* Embedded in a connection. */
struct guest {
	struct {
		struct crowd *crowd; /* NULL: not here */
		struct guest *older;
		struct guest *younger;
	} at[LEVELS];
	bool is_trusted;
	bool can_go; /* may be pushed out; it is in the lists then */
};

struct admission;

/* evict() must end the guest, with admission_leave(), before it returns. */
struct admission *admission_new(void (*evict)(struct guest *));
void admission_free(struct admission *); /* no guest is left (asserted) */

/* From the next enter on; nobody is pushed out by new limits alone. */
void admission_set_limits(struct admission *, const struct gate_limits *);

/* Trusted guests are counted, but not by prefix, and never pushed out.
 * False: there is no room. */
bool admission_enter(struct admission *, struct guest *, const struct address *,
                     bool is_trusted);
void admission_leave(struct admission *, struct guest *); /* or never came */

/* While credentials are being checked. */
void admission_hold(struct admission *, struct guest *);
void admission_unhold(struct admission *, struct guest *);

/* When the guest, who is refused, hears of it: at at_ms or later, so that the
 * refusals of one host come a tick apart, however many it asks for at once.
 * Those of trusted guests, who speak for many, do not wait for each other. */
uint64_t admission_refuse(struct guest *, uint64_t at_ms, uint64_t tick_ms);
