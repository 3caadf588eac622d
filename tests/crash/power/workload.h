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
	CHAIN_AUDIT = CHAIN_CONCURRENT + CONCURRENT, /* guards.h */
	CHAIN_HISTORY,
	CHAIN_ALERTS,
	CHAINS,
};

/* A MOVE between accounts is a step of both. The originals may be \Deleted
 * and still there, if it is interrupted. */
#define STEP_LEAVES  S("leaves")
#define STEP_ARRIVES S("arrives")

/* A store below the root, made, filled and closed. Recorded from before it
 * is there; `recording` is the file of the recording. Ends the process when
 * anything does not go as it should. */
void workload_run(struct recording *, const char *recording, const char *root);

/* Many sessions at once, only to count their syncs: nothing but commands and
 * their acknowledgements is marked. */
void workload_load(struct recording *, const char *recording, const char *root);

/*
 * The same in parts, one session's work: part 0 begins with what
 * workload_site() has made below the root, each other one with what the one
 * before has left. Some of its calls may fail (fault.h, from when it has
 * opened the store; in those that open something, from before). When it is
 * done everything works again, or that is a problem; the rest is in the
 * recording. How many steps were refused.
 */
struct buf;
uint32_t workload_parts(void);
bool workload_part_makes(uint32_t part); /* files of SQLite's */
void workload_site(const char *root);
uint32_t workload_part(struct recording *, const char *root, uint32_t part,
                       struct buf *problems);

/* Where the parts of it are below the root. */
#define SITE_AT      "/site"
#define PARTITION_AT SITE_AT "/partition/0"
#define DIRECTORY_AT SITE_AT "/auth/accounts.sqlite"

enum { PARTITIONS = 4 };

/* 1 Jan 2026 00:00:00 UTC */
#define WORKLOAD_START INT64_C(1767225600)

/* Nearly incompressible, the same for the same seed. */
void message_make(struct buf *out, uint64_t seed, size_t size);

/* It is always the start of 2026. */
const struct clock *still_clock(void);
struct partition;
struct partition_options;
struct partition_options small_partition(void);
/* Whose mailboxes forget early what was expunged. */
struct model *small_model(struct partition *);
