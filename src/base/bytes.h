/*
 * bytes.h -- integers as bytes, and a reader that can't leave its slice.
 *
 * Little-endian is for values (on disk, between processes); big-endian is
 * for LMDB keys, whose byte order must be their numeric order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

static inline void put_le16(void *p, uint16_t n)
{
	memcpy(p, &n, sizeof n);
}

static inline void put_le32(void *p, uint32_t n)
{
	memcpy(p, &n, sizeof n);
}

static inline void put_le64(void *p, uint64_t n)
{
	memcpy(p, &n, sizeof n);
}

static inline uint16_t get_le16(const void *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

static inline uint32_t get_le32(const void *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

static inline uint64_t get_le64(const void *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the get_le functions copy; a big-endian port swaps here");

static inline void put_be32(void *p, uint32_t n)
{
	put_le32(p, __builtin_bswap32(n));
}

static inline void put_be64(void *p, uint64_t n)
{
	put_le64(p, __builtin_bswap64(n));
}

static inline uint32_t get_be32(const void *p)
{
	return __builtin_bswap32(get_le32(p));
}

static inline uint64_t get_be64(const void *p)
{
	return __builtin_bswap64(get_le64(p));
}

/*
 * A reader over foreign bytes. The first read beyond the end sets `failed`;
 * from then on every read gives 0 or an empty slice, so one check at the
 * end is enough.
 */
struct reader {
	struct slice rest;
	bool failed;
};

static inline struct reader reader_of(struct slice s)
{
	return (struct reader){ s, false };
}

/* The next n bytes, in the memory the reader was made of. */
static inline struct slice read_bytes(struct reader *r, size_t n)
{
	struct slice s = slice_first(r->rest, n);

	if (r->failed || r->rest.len < n) {
		r->failed = true;
		return (struct slice){ NULL, 0 };
	}
	r->rest = slice_from(r->rest, n);
	return s;
}

static inline uint8_t read_u8(struct reader *r)
{
	struct slice s = read_bytes(r, 1);

	return s.len != 0 ? (uint8_t)s.ptr[0] : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
	struct slice s = read_bytes(r, 2);

	return s.len != 0 ? get_le16(s.ptr) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
	struct slice s = read_bytes(r, 4);

	return s.len != 0 ? get_le32(s.ptr) : 0;
}

static inline uint64_t read_u64(struct reader *r)
{
	struct slice s = read_bytes(r, 8);

	return s.len != 0 ? get_le64(s.ptr) : 0;
}
