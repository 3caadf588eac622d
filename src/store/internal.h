/*
 * internal.h -- what the files of this room share.
 *
 *   loop thread    snapshot.c reads the index, blob.c reads packs,
 *                  spool.c and batch.c gather what is to be written
 *   commit thread  commit.c takes the batches that wait, apply.c puts them
 *                  into one transaction, pack_write.c appends their bytes
 *
 * Between the two there is commit.c's queue and nothing else: the loop
 * never writes, the commit thread never looks at what the loop owns.
 */
#pragma once

#include "base/arena.h"
#include "base/uidset.h"
#include "store/batch.h"
#include "store/blob.h"
#include "store/check.h"
#include "store/index.h"
#include "store/pack.h"
#include "store/partition.h"

/* -- snapshot.c -- */

enum { CURSOR_SLOTS = 8 };

struct cursor_slot {
	MDB_cursor *mdb;
	const struct store_cursor *owner;
	uint64_t snapshot;
};

struct snapshot {
	MDB_txn *txn;
	bool live;
	uint64_t number;
	struct cursor_slot slots[CURSOR_SLOTS];
	unsigned next_slot;
};

/* Lets go of the transaction; every pointer into the map is dead. */
void snapshot_drop(struct partition *);
/* Before the environment is closed. */
void snapshot_close(struct partition *);

/* -- batch.c -- */

enum op_kind {
	OP_PUT,
	OP_DELETE,
	OP_DELETE_PREFIX,
	OP_ADD_BLOB,
	OP_KEEP_BLOB,
	OP_DROP_BLOB,
	OP_REFER,
	OP_MOVE_BLOB,      /* reclaim: out of the pack `place` describes */
	OP_MOVE_REFERENCE, /* reclaim: the same */
	OP_FORGET_PACK,    /* reclaim: all of it is dead */
	OP_KINDS
};

struct op {
	struct op *next;
	enum op_kind kind;
	struct slice key;
	struct slice value;
	const struct spool *spool; /* OP_ADD_BLOB */
	struct blob_origin *origin;
	struct blob_place place; /* OP_MOVE_...: where it is now */
	int fd;                  /* OP_MOVE_...: that pack */
	uint32_t pack;           /* OP_FORGET_PACK */
};

struct batch {
	struct batch *next; /* in a queue */
	struct partition *partition;
	uint64_t account;
	struct arena *arena;
	struct op *first;
	struct op **last;
	struct slice account_name; /* the names copied last */
	struct slice mailbox_name;
	bool frees; /* may use the reserve */
	bool finished;
	struct err result;
	struct wait_list done;
};

void batch_move_blob(struct batch *, const struct content_hash *,
                     const struct blob_place *from, int fd);
void batch_move_reference(struct batch *, uint64_t offset, uint32_t size,
                          int fd);
void batch_forget_pack(struct batch *, uint32_t pack);

/* -- apply.c (commit thread) -- */

/* All of the batch into the transaction, its blobs into the pack. */
struct err batch_apply(struct batch *, const struct index *, MDB_txn *,
                       struct pack_writer *);

/* -- reserve.c (commit thread, or before there is one) -- */

struct reserve {
	uint64_t until; /* octets of the index's file that are set aside */
};

/* Asks for what is missing. ERR_NOSPACE, ERR_IO: nothing that takes room may
 * be committed. */
struct err reserve_keep(struct reserve *, const struct index *);

struct disk_room {
	bool full;
	int64_t full_s; /* when something was last refused */
};

/* What has become of those who took room; the log has it when it changes. */
void disk_note(struct disk_room *, struct err);

/* -- commit.c -- */

struct committer;

struct committer *committer_new(struct partition *, struct pack_writer);
/* Settles, then ends the thread. */
void committer_free(struct committer *);
/* Suspends until all that was begun has been committed. */
void committer_settle(struct committer *);
bool committer_is_settled(const struct committer *);
/* Suspends until b->result is known. */
void committer_run(struct committer *, struct batch *);
/* At the end of a turn: what its tasks want committed becomes one group. */
void committer_hand_over(struct committer *);

/* A reader has found the index lost. Doesn't wait. */
void committer_want_index(struct committer *);
void committer_stats(struct committer *, struct partition_stats *out);

/* -- recover.c -- */

/* Compares the packs with what the index says of them; where to go on. */
struct err recover_packs(struct partition *, struct pack_writer *out);
struct err recover_tmp(int dir_fd);

/* -- partition.c -- */

/* reclaim.c: how many octets of a pack are references that are true. */
struct looked {
	uint32_t pack;
	uint64_t references;
};

struct partition {
	struct loop *loop;
	char *dir;
	int dir_fd;
	int lock_fd;
	int pack_fd; /* DIR/pack */
	int tmp_fd;  /* DIR/tmp */
	struct partition_options options;
	struct index index;
	struct snapshot snapshot;
	struct pack_files packs;
	ZSTD_CCtx *compressor;   /* of the loop thread; never across a */
	ZSTD_DCtx *decompressor; /* suspension */
	char *spare_block;       /* blob.c: one that nobody has; or NULL */
	struct committer *committer;
	struct uidset stuck;   /* packs that can't be reclaimed */
	struct looked *looked; /* packs that reclaim has looked through */
	size_t n_looked;
};
