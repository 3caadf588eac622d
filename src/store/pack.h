/* pack.h -- packs: the form of records, writing, reading, scanning. */
#pragma once

#include <string.h>
#include <zstd.h>

#include "store/blob.h"
#include "store/index.h"

/* -- record.c: a message in a pack, or a reference to one -- */

enum {
	RECORD_FIXED = 104,
	RECORD_BLOCK = 12, /* an entry of the block table */
	RECORD_ALIGN = 8,
	RECORD_BLOCKS = 1 << 20,
};

struct pack_record {
	bool is_reference; /* a header only; raw and stored are 0 */
	struct blob_origin origin;
	struct content_hash hash;
	uint64_t raw;
	uint64_t stored;
	uint32_t header;
	struct slice table;
	uint64_t check; /* of the header */
};

struct pack_block {
	uint32_t len; /* as stored; the raw length if that is no shorter */
	uint64_t check;
};

/* Of a reference that is about no message. */
static inline bool hash_is_none(const struct content_hash *h)
{
	static const struct content_hash none;

	return memcmp(h, &none, sizeof none) == 0;
}

static inline uint32_t blocks_of(uint64_t raw)
{
	return (uint32_t)((raw + BLOB_BLOCK - 1) / BLOB_BLOCK);
}

/* Raw length of block n of a message. */
static inline uint32_t block_raw(uint64_t raw, uint32_t n)
{
	uint64_t left = raw - (uint64_t)n * BLOB_BLOCK;

	return left < BLOB_BLOCK ? (uint32_t)left : BLOB_BLOCK;
}

/* Octets in the pack, padding included. */
static inline uint64_t record_size(uint32_t header, uint64_t stored)
{
	return (header + stored + RECORD_ALIGN - 1) &
	       ~(uint64_t)(RECORD_ALIGN - 1);
}

/* Adds the header; r->table is in it, r->header and r->check are set. */
void record_header_write(struct buf *, struct pack_record *);

/* How long a header is that begins with these RECORD_FIXED octets; 0: none
 * begins here. */
uint32_t record_header_length(const void *fixed);

/* False unless every octet is as it was written. Slices into `header`. */
bool record_header_parse(struct slice header, struct pack_record *out);

struct pack_block record_block(struct slice table, uint32_t n);

/*
 * Compresses a block to the end of `out` and adds its entry to the table.
 * block_unpack fills exactly raw_len octets or says false; a block that did
 * not shrink is copied.
 */
void block_pack(ZSTD_CCtx *, struct slice raw, struct buf *out,
                struct buf *table);
bool block_unpack(ZSTD_DCtx *, struct slice stored, uint64_t check, void *raw,
                  size_t raw_len);

/* -- spool.c, for the commit thread: a finished spool -- */

/* header and check are not set yet; the table stays the spool's. */
struct pack_record spool_record(const struct spool *);
/* Blocks as stored, from `offset` on, at most `size` octets, into `to`. */
struct err spool_read(const struct spool *, uint64_t offset, void *to,
                      size_t size);

/* -- pack_write.c: the pack that is appended to (commit thread) -- */

struct pack_writer {
	int dir; /* DIR/pack */
	int fd;  /* -1: the next append opens pack `number + 1` */
	uint32_t number;
	uint64_t limit;
	uint64_t start;      /* where this group's records begin */
	uint64_t end;        /* where the next record goes */
	uint64_t lost;       /* dead octets that T_PACK does not know of yet */
	uint64_t references; /* octets of this group's references */
	struct buf out;      /* the last octets before `end`, not yet written */
};

/* Continues pack `number` at `end` (0: none yet). */
struct err pack_writer_init(struct pack_writer *, int dir, uint32_t number,
                            uint64_t end, uint64_t limit);
void pack_writer_fini(struct pack_writer *);

struct err pack_append(struct pack_writer *, const struct spool *,
                       const struct blob_origin *, struct blob_place *out);
/* All zeros in the hash: it tells the mailbox's name. */
struct err pack_append_reference(struct pack_writer *,
                                 const struct content_hash *,
                                 const struct blob_origin *);
/* A whole record from another pack, octet by octet. */
struct err pack_append_copy(struct pack_writer *, int from,
                            struct blob_place *place);
struct err pack_append_reference_copy(struct pack_writer *, int from,
                                      uint64_t offset, uint32_t size);

/* All that was appended is on stable storage; after an error this pack is
 * never written again. */
struct err pack_sync(struct pack_writer *, uint64_t *syncs);

void pack_group_begin(struct pack_writer *);
/* Brings the pack's row up to date with what the group appended. */
struct err pack_group_row(const struct pack_writer *, const struct index *,
                          MDB_txn *);
void pack_group_done(struct pack_writer *);
/* What the group appended is dead; `punch`: and surely not referred to. */
void pack_group_undo(struct pack_writer *, bool punch);

void pack_name(uint32_t number, char out[9]);
/* False when it is none. */
bool pack_number(const char *name, uint32_t *out);

/* -- pack_files.c: packs open for reading (loop thread) -- */

struct pack_file {
	struct pack_file *next; /* most recently used first */
	uint32_t number;
	int fd;
	uint32_t readers;
	bool removed;
};

struct pack_files {
	int dir;
	struct pack_file *first;
	size_t idle; /* without a reader */
};

struct err pack_file_open(struct pack_files *, uint32_t number,
                          struct pack_file **out);
void pack_file_close(struct pack_files *, struct pack_file *);
/* The pack is gone from the directory; readers keep it till they close. */
void pack_file_removed(struct pack_files *, uint32_t number);
void pack_files_fini(struct pack_files *);

/* All of `size` octets or an error; ERR_CORRUPT: the file ends before. */
struct err read_fully(int fd, void *to, size_t size, uint64_t offset);

/* The same; in a task, waiting for the disk is left to a worker. Suspends. */
struct err read_in_task(int fd, void *to, size_t size, uint64_t offset);

/* -- pack_scan.c: a pack's records in order (any thread) -- */

struct pack_scan {
	int fd;
	uint32_t number;
	uint64_t size;             /* of the file */
	uint64_t at;               /* the record found */
	uint64_t next;             /* where to look on */
	struct pack_record record; /* points into `header`; a reference too */
	uint64_t broken;           /* stretches that are no records */
	bool in_damage;
	struct err e;
	uint64_t window_at;
	struct buf window;
	struct buf header;
	struct buf stored;
};

/* ERR_ABSENT, ERR_IO. */
struct err pack_scan_open(struct pack_scan *, int dir, uint32_t number);
/* The next sound header; false at the end or with s->e. */
bool pack_scan_next(struct pack_scan *);
/* The message of that record; false unless its bytes hash to its name. */
bool pack_scan_message(struct pack_scan *, ZSTD_DCtx *, struct buf *out);
void pack_scan_close(struct pack_scan *);
