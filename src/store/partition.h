/*
 * partition.h -- one partition of the mail store, open in this process.
 *
 *   DIR/lock        held (flock) while a process has it open
 *   DIR/id          format version and the partition's random id
 *   DIR/index.lmdb  everything but message bytes
 *   DIR/pack/N      message bytes, appended (N: eight hexadecimal digits)
 *   DIR/tmp/        spools that were too large for memory; emptied at open
 *
 * Reading is by snapshot: store_get() and cursors see the newest committed
 * state as of this turn of the loop, and point straight into the LMDB map.
 * Such a pointer is dead after the next suspension point. Writing is by
 * batch (store/batch.h) only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "store/keys.h"
#include "task/task.h"

struct partition;
struct cursor_row;

struct partition_options {
	uint64_t map_bytes;  /* address space for the index; 0: 64 GiB */
	uint32_t pack_bytes; /* a pack is closed beyond this; 0: 128 MiB */
	bool check_index;    /* all of it, before it is believed */

	/* LMDB has come upon a page of the index that makes no sense, once
	 * the partition is open. On any thread; what it would write next is
	 * anybody's guess, so better it doesn't return. NULL: whoever asked
	 * has ERR_CORRUPT. */
	void (*on_damage)(struct err);
};

/* Makes an empty one; ERR_ALREADYEXISTS when DIR holds anything. */
struct err partition_make(const char *dir);

/*
 * Opens, recovers (what a killed process left half done in a pack is
 * sealed), starts the commit thread. ERR_INUSE when another process has it,
 * ERR_CORRUPT, ERR_IO. The text of the error says what to do.
 */
struct err partition_open(struct loop *, const char *dir,
                          struct partition_options, struct partition **out);

/*
 * For store_get(), store_floor() and cursors only: no lock, no commit thread,
 * no loop; a server may be running. One snapshot from open to close, so
 * that a check sees one state. partition_close() ends it.
 */
struct err partition_open_to_read(const char *dir, struct partition **out);

/* Waits until no batch is on its way to the disk: suspends then. */
void partition_settle(struct partition *);
bool partition_is_settled(const struct partition *);

/* Settles first, outside a task it must be settled. Blob readers are closed. */
void partition_close(struct partition *);

/* The value of a key: ERR_OK, ERR_ABSENT or ERR_IO. */
struct err store_get(struct partition *, struct slice key, struct slice *value);

struct cursor_row {
	struct slice key;
	struct slice value;
};

/*
 * The last row whose key begins with the prefix and is not above `key`:
 * ERR_OK, ERR_ABSENT or ERR_IO. Finds the chunk that a UID would be in.
 */
struct err store_floor(struct partition *, struct slice prefix,
                       struct slice key, struct cursor_row *out);

/* Grows whenever pointers into the map may have died: what was read under
 * another number must be read again. Cheap. */
uint64_t store_snapshot(const struct partition *);

/*
 * Keys that begin with a prefix, in order.
 *
 *	struct cursor_row row;
 *	struct store_cursor c = store_cursor(p, prefix, from);
 *	while (store_cursor_next(&c, &row)) ...
 *	if (c.e.code != ERR_OK) ...
 *
 * `from` (empty: the prefix) is where to begin. A cursor must not be used
 * after a suspension point: take a new one that begins behind the last key.
 * It needs no closing.
 */
struct store_cursor {
	struct partition *partition;
	struct store_key prefix;
	struct store_key next; /* where the next row is looked for */
	uint64_t snapshot;     /* which snapshot it belongs to (asserted) */
	void *mdb;             /* MDB_cursor, pooled in the partition */
	bool started;
	struct err e;
};

struct store_cursor store_cursor(struct partition *, struct slice prefix,
                                 struct slice from);
bool store_cursor_next(struct store_cursor *, struct cursor_row *);

/* Figures for `roost status` and the metrics. */
struct partition_stats {
	uint64_t commits;     /* LMDB transactions */
	uint64_t batches;     /* batches in them */
	uint64_t syncs;       /* fdatasync and the like */
	uint64_t pack_bytes;  /* stored in packs */
	uint64_t dead_bytes;  /* of these, expunged, or references */
	uint64_t index_bytes; /* pages in use in the index */
	uint64_t index_limit; /* that it may become */
	bool disk_full;       /* when something was last to be added */
};

void partition_stats(struct partition *, struct partition_stats *out);

/*
 * Copies the live blobs out of the pack with the largest dead share if that
 * is above half, and removes the pack. One pack a call; *did says whether
 * there was one. Suspends. Run from a timer.
 */
struct err partition_reclaim(struct partition *, bool *did);
