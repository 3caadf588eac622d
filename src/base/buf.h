/*
 * buf.h -- bytes that grow at the end.
 *
 * A zeroed struct buf is an empty one without a bound. buf_limit() gives it
 * a bound; what would pass it is left out whole and `overflow` stays set,
 * so that one check after many additions is enough.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t limit; /* bytes; 0 means none */
	bool overflow;
};

static inline struct buf buf_limit(size_t limit_bytes)
{
	return (struct buf){ .limit = limit_bytes };
}

/* Frees the memory; the buf is empty and usable again. */
void buf_free(struct buf *);

/* The same for secrets: nothing of them stays where they were. They do where
 * the buf was before it grew: who adds them makes the room first. */
void buf_wipe(struct buf *);

/* Room for that many bytes in all and no more, where buf_room() and those
 * that add double it: for what is large and waits. The buf has no limit
 * (asserted). */
void buf_fit(struct buf *, size_t size);

/* Valid until the next addition. */
static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->data, b->len };
}

/* What buf_room() does when there isn't room yet. */
char *buf_grow(struct buf *, size_t n);

/* Makes room for n more bytes and returns where they go; NULL on overflow.
 * The caller adds what it wrote to b->len. */
static inline char *buf_room(struct buf *b, size_t n)
{
	/* what has a limit is looked at in one place */
	if (b->limit == 0 && b->data != NULL && n <= b->cap - b->len)
		return b->data + b->len;
	return buf_grow(b, n);
}

void buf_add(struct buf *, struct slice);

static inline void buf_byte(struct buf *b, char c)
{
	char *p = buf_room(b, 1);

	if (p == NULL)
		return;
	*p = c;
	b->len++;
}

void buf_printf(struct buf *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buf_number(struct buf *, uint64_t); /* decimal */

/* Little-endian integers, for what we write to disk and to other processes */
void buf_u8(struct buf *, uint8_t);
void buf_u16(struct buf *, uint16_t);
void buf_u32(struct buf *, uint32_t);
void buf_u64(struct buf *, uint64_t);

/* Drops n bytes (at most len) from the front. */
void buf_drop(struct buf *, size_t n);

/* The bytes as a slice that the caller owns and frees (ptr); b is empty. */
struct slice buf_take(struct buf *);
