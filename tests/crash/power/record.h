/*
 * record.h -- everything that happens to the files below a directory, in
 * order.
 *
 * recordfs.c stands between a program and the C library, so that LMDB and
 * SQLite are inside: linked into it, or put before it with LD_PRELOAD, the
 * recording's file and the root in RECORDFS_FILE and RECORDFS_ROOT. Between
 * record_start() and record_stop() it writes down, under one lock and together
 * with the real call, every change of a file or a directory below the root,
 * every sync with its beginning and its end, and the marks that the program
 * sets.
 *
 * The recording is one stretch of shared memory, the same for all threads
 * and for forked processes; when it is a file's, it can be looked at later.
 *
 * What it can't see is a write through a mapping, and one that the C library
 * makes within itself (stdio). The first is noted (RECORD_MAP) so that the
 * reader knows that such a file's content is unknown; that there was nothing
 * of the second is shown by disk_compare().
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum record_kind {
	RECORD_MAKE,     /* entry `name` of `dir` is `file`, new */
	RECORD_REMOVE,   /* entry `name` of `dir` is gone */
	RECORD_RENAME,   /* and is `name2` of `dir2` */
	RECORD_WRITE,    /* the bytes, from `at` on */
	RECORD_TRUNCATE, /* to `at` octets */
	RECORD_PUNCH,    /* `len` octets from `at` on are zero */
	RECORD_MAP,      /* mapped to be written: content unknown */
	RECORD_SYNC_BEGIN,
	RECORD_SYNC_END,  /* `at` is the event that began it */
	RECORD_SYNC_LOST, /* it failed: no later one will help */

	/* marks */
	RECORD_BEGIN, /* a change of chain `file` is asked for */
	RECORD_ACK,   /* and has been acknowledged */
	RECORD_STATE, /* and this text is how things are now */
	RECORD_PHASE, /* a part of the workload begins; its name is the text */
};

enum { RECORD_NAME = 40, RECORDING_EVENTS = 1 << 17 };

#define RECORDING_BYTES (UINT64_C(1) << 30) /* at most; sparse */

struct record_event {
	uint32_t kind; /* enum record_kind */
	bool is_dir;   /* MAKE */
	bool sure;     /* WRITE through a synchronous descriptor */
	bool lost;     /* the same, when it failed */
	uint64_t file; /* inode number; marks: chain */
	uint64_t dir;
	uint64_t dir2;
	uint64_t at;
	uint64_t len;
	uint64_t data; /* where the bytes are in the recording */
	char name[RECORD_NAME];
	char name2[RECORD_NAME];
};

struct recording {
	pthread_mutex_t lock;
	uint32_t n;
	uint64_t used; /* octets of data */
	uint64_t root; /* its inode number */
	struct record_event events[];
};

/* Room in `path`, which is made, or (NULL) in memory. */
struct recording *recording_new(const char *path);
/* One that was made before; NULL: there is none. */
struct recording *recording_load(const char *path);
void recording_clear(struct recording *);
void recording_free(struct recording *);
struct slice record_bytes(const struct recording *,
                          const struct record_event *);

/* Where the bytes of all events begin. */
char *recording_data(const struct recording *);

static inline bool record_is_mark(const struct record_event *e)
{
	return e->kind >= RECORD_BEGIN;
}

/* The root must exist; what is below it now is where the record begins. No
 * descriptor below it may be open. */
void record_start(struct recording *, const char *root);
void record_stop(void);

/* From now on a sync takes so long, as one of a real disk does. */
void record_sync_takes(uint32_t us);

/* Nothing when nobody records. */
void record_mark(enum record_kind, uint64_t chain, struct slice text);
