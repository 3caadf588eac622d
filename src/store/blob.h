/*
 * blob.h -- message bytes on their way in and on their way out.
 *
 * In: a spool takes the bytes of one message while they arrive (small ones
 * in memory, larger ones in an unlinked file), hashes them, and is then
 * handed to a batch. Out: a blob reader gives any stretch of a stored
 * message; packs are compressed in blocks of BLOB_BLOCK octets, so a stretch
 * costs the blocks it touches.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

struct partition;

enum { BLOB_BLOCK = 65536, SPOOL_MEMORY = 256 * 1024 };

/* What a pack record says of a message besides its bytes, so that mailboxes
 * can be rebuilt from packs alone. Slices are copied by batch_add_blob. */
struct blob_origin {
	uint64_t account;
	uint32_t mailbox;          /* its id */
	struct slice account_name; /* address, UTF-8 */
	struct slice mailbox_name; /* UTF-8 */
	uint32_t uidvalidity;
	uint32_t uid;
	int64_t internaldate;  /* seconds since 1970, UTC */
	int16_t zone;          /* minutes east of UTC */
	uint8_t flags;         /* as stored at first (mailbox/record.h) */
	uint32_t from_mailbox; /* a MOVE took the message from there; 0: none */
	uint32_t from_uid;
};

struct spool;

struct spool *spool_new(struct partition *);
/* ERR_NOSPACE, ERR_IO; then only spool_free is allowed. */
struct err spool_write(struct spool *, struct slice);
/* No more bytes; the hash is known. */
struct err spool_finish(struct spool *);
void spool_free(struct spool *);

uint64_t spool_size(const struct spool *);

/*
 * What was written, back again, finished or not: at least one octet from
 * offset (< size) on, at most to the end of its block. *out points into the
 * spool and is valid until its next call. ERR_IO, ERR_CORRUPT. Suspends when
 * the disk must be waited for.
 */
struct err spool_bytes(struct spool *, uint64_t offset, struct slice *out);

const struct content_hash *spool_hash(const struct spool *); /* finished */

/* -- reading -- */

struct blob_reader;

/* ERR_ABSENT, ERR_IO. The reader survives suspension points and the pack's
 * reclaiming. Suspends when the disk must be waited for. */
struct err blob_open(struct partition *, const struct content_hash *,
                     struct blob_reader **out);
uint64_t blob_size(const struct blob_reader *);

/*
 * Bytes from offset on: at least one, at most to the end of the block they
 * are in, none at the end of the blob. *out points into the reader and is
 * valid until its next call. ERR_CORRUPT when a checksum is wrong. Suspends
 * (large or cold blocks are read and decompressed on a worker).
 */
struct err blob_read(struct blob_reader *, uint64_t offset, struct slice *out);

/* Gives the memory of the block back: for one who will wait for somebody
 * else and does not need it again. */
void blob_rest(struct blob_reader *);

void blob_close(struct blob_reader *);
