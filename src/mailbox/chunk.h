/*
 * chunk.h -- chunks of message records: reading them, writing them anew.
 *
 * Layout in mailbox/record.h. A chunk is never edited: its records are read,
 * and those that stay go through a chunk_writer, which packs, widens (for
 * keywords), splits, and computes the head. So a head can't disagree with its
 * records.
 */
#pragma once

#include "base/err.h"
#include "mailbox/record.h"
#include "store/batch.h"

enum { CHUNK_VERSION = 2, CHUNK_HEAD = 24, RECORD_FIXED = 40 };

/* An open chunk: the head, unpacked, and where the records are. */
struct chunk {
	const uint8_t *records; /* in the memory chunk_open() was given; NULL:
	                           only the head is known */
	size_t stride;          /* octets a record */
	uint64_t modseq;        /* the highest */
	uint32_t first;
	uint32_t last;
	uint16_t count; /* at least 1 */
	uint16_t unseen;
	uint16_t deleted;
	uint8_t words; /* keyword words a record */
	uint8_t any;   /* flags that some record has */
	uint8_t all;   /* flags that every record has */
};

/* ERR_CORRUPT when value is not a chunk. Looks at the head only; records
 * are sorted if a chunk_writer wrote them. */
struct err chunk_open(struct slice value, struct chunk *out);

/* The same of a row of T_HEADS, where there are no records: only what the
 * struct says may be asked for. */
struct err chunk_open_head(uint32_t first, struct slice row, struct chunk *out);

uint32_t chunk_uid(const struct chunk *, size_t at);
uint8_t chunk_flags(const struct chunk *, size_t at);
uint64_t chunk_modseq(const struct chunk *, size_t at);
void chunk_record(const struct chunk *, size_t at, struct record *out);

/* Index of the first record whose UID is >= uid; count when there is none. */
size_t chunk_find(const struct chunk *, uint32_t uid);

/* Every UID from first to last is there. */
static inline bool chunk_is_dense(const struct chunk *c)
{
	return c->last - c->first + 1u == c->count;
}

/* Not one more record of its own width fits. */
bool chunk_is_full(const struct chunk *);

/* One packed record; what lies in a chunk is record_stride() apart. */
void record_unpack(const void *p, uint8_t words, struct record *out);

static inline size_t record_stride(uint8_t words)
{
	return RECORD_FIXED + 8u * words;
}

/*
 * Takes records in order of UID and puts them into a batch as chunks.
 *
 *	chunk_writer_init(&w, batch, account, mailbox);
 *	chunk_writer_add(&w, &record); ...
 *	chunk_writer_flush(&w);
 *
 * w.last_chunk is the key of the last chunk put, 0 if none.
 */
struct chunk_writer {
	struct batch *batch;
	uint64_t account;
	uint32_t mailbox;
	uint32_t last_chunk;
	uint16_t count;
	uint8_t words;
	uint8_t raw[CHUNK_BYTES];
};

void chunk_writer_init(struct chunk_writer *, struct batch *, uint64_t account,
                       uint32_t mailbox);
void chunk_writer_add(struct chunk_writer *, const struct record *);
/* The same of a chunk's records `from` to before `to`, which don't change:
 * without keywords they are copied as they lie. */
void chunk_writer_keep(struct chunk_writer *, const struct chunk *, size_t from,
                       size_t to);
void chunk_writer_flush(struct chunk_writer *);

/* Takes the chunk that begins with that UID out, its head too. */
void chunk_delete(struct batch *, uint64_t account, uint32_t mailbox,
                  uint32_t first);

/* Would all of the chunk's records fit beside those not yet flushed? */
bool chunk_writer_has_room(const struct chunk_writer *, const struct chunk *);
