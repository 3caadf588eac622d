/* workload.h -- what roost does while it is recorded. */
#pragma once

#include <stdint.h>

#include "record.h"

enum {
	CHAIN_SITE,      /* what `roost init` makes besides the store */
	CHAIN_DIRECTORY, /* the directory of accounts; others are accounts */
	CHAIN_FIRST,
	CHAIN_SECOND,
	CHAIN_CONCURRENT, /* and those behind it, at the same time */
	CONCURRENT = 6,
	CHAINS = CHAIN_CONCURRENT + CONCURRENT,
};

/* A store below the root, made, filled and closed. Recorded from before it
 * is there; `recording` is the file of the recording. Ends the process when
 * anything does not go as it should. */
void workload_run(struct recording *, const char *recording, const char *root);

/* Many sessions at once, only to count their syncs: nothing but commands and
 * their acknowledgements is marked. */
void workload_load(struct recording *, const char *recording, const char *root);

/* Where the parts of it are below the root. */
#define SITE_AT      "/site"
#define PARTITION_AT SITE_AT "/partition/0"
#define DIRECTORY_AT SITE_AT "/auth/accounts.sqlite"

enum { PARTITIONS = 4 };

/* Nearly incompressible, the same for the same seed. */
struct buf;
void message_make(struct buf *out, uint64_t seed, size_t size);

/* Starts at the start of 2026 and goes on by a second each time it is asked. */
struct model;
const struct clock *still_clock(void);
struct partition_options;
struct partition_options small_partition(void);
