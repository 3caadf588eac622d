/*
 * record.h -- message records: what changes about a message, and what all
 * messages of a mailbox are asked for at once, packed.
 *
 * Records of a mailbox lie in chunks, sorted by UID; a chunk is one value
 * of T_RECORDS, keyed by the UID of its first record:
 *
 *   head:   version u8, keyword words u8, count u16, unseen u16, deleted u16,
 *           last uid u32, any flags u8, all flags u8, (pad u16),
 *           highest modseq u64                                     24 octets
 *   record: uid u32, size u32, modseq u64, internaldate i64,
 *           savedate u32, zone i16, flags u8, (pad u8), sent i64  40 octets
 *           then the keyword bits, 8 octets a word
 *
 * "any" is the union of the records' flags, "all" their intersection: with
 * the counts they decide most searches without looking at a record. A chunk
 * has at most CHUNK_BYTES, what a page of LMDB holds beside its head: a large
 * one has a page to itself, full but for some octets. (Of rows of half a page,
 * put behind one another, LMDB leaves one on each page.) It has as many keyword
 * words as its records need, and is rewritten with more when a keyword beyond
 * them is set.
 *
 * Each head is there twice: as a row of T_HEADS, too, with the chunk's key.
 * Who goes through a large mailbox goes through these, some seventy to a page,
 * and reads only the chunks that they send him to.
 */
#pragma once

#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"

enum message_flag {
	FLAG_SEEN = 1 << 0,
	FLAG_ANSWERED = 1 << 1,
	FLAG_FLAGGED = 1 << 2,
	FLAG_DELETED = 1 << 3,
	FLAG_DRAFT = 1 << 4,
};

enum { KEYWORD_WORDS = LIMIT_KEYWORDS / 64, CHUNK_BYTES = 4080 };

/* Keyword k of the mailbox's list is bit k % 64 of word k / 64. */
struct keyword_bits {
	uint64_t word[KEYWORD_WORDS];
};

/* A record, unpacked. */
struct record {
	uint32_t uid;
	uint32_t size; /* RFC822.SIZE */
	uint64_t modseq;
	int64_t internaldate; /* seconds since 1970, UTC */
	int64_t sent;         /* Date:, or internaldate where there is none */
	uint32_t savedate;    /* seconds since 1970, UTC */
	int16_t zone;         /* of INTERNALDATE, minutes east of UTC */
	uint8_t flags;        /* enum message_flag */
	struct keyword_bits keywords;
};
