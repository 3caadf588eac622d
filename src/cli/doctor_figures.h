/* doctor_figures.h -- the figures of a partition, judged. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "doctor/report.h"

struct figures {
	uint64_t pack_bytes;
	uint64_t dead_bytes; /* of them, of what was expunged */
	uint64_t index_bytes;
	uint64_t index_limit;
	bool disk_full;
};

/* One of them by its name in `roost status`; others are nothing to it. */
void figures_take(struct figures *, struct slice name, struct slice value);

/* name: the process's */
void figures_judge(const struct figures *, struct report *, const char *name);
