/*
 * batch.h -- the only way anything in a partition changes.
 *
 *      batch_new ──► put, delete, add_blob ... ─┬─► batch_commit ──► durable
 *                                               └─► batch_drop ──► never was
 *
 * A batch belongs to one account. batch_commit() suspends the calling task
 * until the batch is on stable storage together with whatever else was
 * waiting (group commit: one sync of the packs, one LMDB transaction); after
 * any error nothing has changed. Later entries win over earlier ones with
 * the same key.
 *
 * Readers see a batch from its commit on, which may be a moment before its
 * own task has woken. A batch does not see other batches: who reads, decides
 * and writes holds the account's write lock (mailbox/account.h) from the read
 * to the return of batch_commit().
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "store/blob.h"
#include "store/partition.h"

struct batch;

struct batch *batch_new(struct partition *, uint64_t account);

/* Key and value are copied. */
void batch_put(struct batch *, struct slice key, struct slice value);

/* Room for a value of len bytes that the caller fills before the commit;
 * saves the copy for large rewrites. */
void *batch_put_room(struct batch *, struct slice key, size_t len);

void batch_delete(struct batch *, struct slice key);

/* Every key that begins with the prefix. */
void batch_delete_prefix(struct batch *, struct slice prefix);

/*
 * A message's bytes: written to a pack at the commit unless the store has
 * them already (then only their origin is); one reference is added. The spool
 * stays the caller's and must live until the commit returns.
 */
void batch_add_blob(struct batch *, struct spool *, struct blob_origin);

/* One more, or one less, reference to a blob that is there. The last one
 * makes the blob's bytes dead; reclaiming is partition_reclaim()'s work. */
void batch_keep_blob(struct batch *, const struct content_hash *,
                     struct blob_origin);
void batch_drop_blob(struct batch *, const struct content_hash *);

/*
 * Writes into the pack what only the index would know otherwise, for a
 * salvage: that the message is there now (a MOVE; from_mailbox is set), or,
 * without a hash, that the mailbox has this name from origin's UID on. No
 * count changes.
 */
void batch_refer(struct batch *, const struct content_hash *or_null,
                 struct blob_origin);

/* What is written takes the place of what is there, or is less: it is
 * committed on a full disk as well, from the reserve. */
void batch_frees(struct batch *);

/* ERR_NOSPACE, ERR_IO, ERR_CORRUPT (a reference to a blob that isn't there);
 * the batch is freed whatever it returns. Suspends. */
struct err batch_commit(struct batch *);
void batch_drop(struct batch *);
