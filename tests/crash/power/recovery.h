/*
 * recovery.h -- the power is back: the store is opened, compared with what
 * was promised, worked with, and checked.
 */
#pragma once

#include "base/buf.h"
#include "history.h"

struct promise {
	const struct history *history;
	uint32_t cut;
	bool is_made; /* the partition had been made */
};

/*
 * Adds a line to `problems` for everything that does not hold. With a
 * recording it is recorded, marks included; the states found begin its
 * chains.
 */
void recovery_run(const char *root, const struct promise *, struct recording *,
                  struct buf *problems);
