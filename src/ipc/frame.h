/*
 * frame.h -- the one message format between roost's processes.
 *
 *      ┌────────┬─────────────────────────────────────────────┐
 *      │ type 2 │ fields, in the order the type's table says  │
 *      └────────┴─────────────────────────────────────────────┘
 *
 * A frame is one packet of a SOCK_SEQPACKET socketpair, so its length is the
 * packet's, and a descriptor travels with its frame. Numbers are
 * little-endian u8, u16, u32 or u64; strings are a u32 length and bytes.
 * The receiver checks everything: the peer may be compromised. A frame that
 * does not parse is dropped and logged, never fatal to others.
 *
 * Some frames hold passwords, so the bytes of every frame are wiped when it
 * has been sent and when it has been handled.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/slice.h"

/* Writing: frame_begin, fields, then link_send(). */
struct frame_out {
	struct buf bytes; /* at most LIMIT_FRAME; then overflow is set */
};

void frame_begin(struct frame_out *, uint16_t type);
void frame_u8(struct frame_out *, uint8_t);
void frame_u16(struct frame_out *, uint16_t);
void frame_u32(struct frame_out *, uint32_t);
void frame_u64(struct frame_out *, uint64_t);
void frame_slice(struct frame_out *, struct slice);
void frame_free(struct frame_out *);

/* Reading: fields in order, then frame_is_whole(). */
struct frame_in {
	uint16_t type;
	struct reader r; /* read_u8() and so on */
	int fd; /* -1, or one descriptor; the handler closes or keeps it */
};

/* A packet as it came in; false when it is too short to have a type. */
bool frame_parse(struct slice packet, int fd, struct frame_in *out);

/* The next string; at most `most` bytes, else the frame has failed. */
struct slice frame_read_slice(struct frame_in *, size_t most);

/* Nothing failed and nothing is left over. */
bool frame_is_whole(const struct frame_in *);
