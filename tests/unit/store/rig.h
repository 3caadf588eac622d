/* rig.h -- a partition in a directory of its own, for the tests of store/. */
#pragma once

#include <stdbool.h>

#include "store/batch.h"
#include "store/partition.h"

enum { RIG_ACCOUNT = 7, RIG_DIR = 64 };

/* A new directory below /tmp, not yet a partition; removed with all in it. */
void rig_make_dir(char dir[RIG_DIR]);
void rig_remove_dir(const char *dir);

/* Runs fn in a task with a fresh partition that is closed afterwards. */
void rig_run(void (*fn)(struct partition *));
/* The same over a partition that is there. */
void rig_run_in(const char *dir, struct partition_options options,
                void (*fn)(struct partition *));

/* `size` octets that depend on the seed, and compress about as mail does. */
char *rig_text(uint32_t seed, size_t size);

struct spool *rig_spool(struct partition *, const char *bytes, size_t size);
struct blob_origin rig_origin(uint32_t uid);

/* T_DIGEST row of a message that has that blob, as the check counts them. */
void rig_put_digest(struct batch *, uint32_t uid, const struct content_hash *);

/* Stores the text with that seed as message uid; what the commit said. */
struct err rig_store(struct partition *, uint32_t uid, uint32_t seed,
                     size_t size);
struct content_hash rig_hash(struct partition *, uint32_t seed, size_t size);
/* The blob is whole and is that text. */
bool rig_has(struct partition *, uint32_t seed, size_t size);

uint64_t rig_pack_bytes(struct partition *);
/* Until there is nothing left to reclaim. */
void rig_reclaim(struct partition *);

/* store_check() finds nothing; prints what it finds. */
void rig_assert_clean(const char *dir);
