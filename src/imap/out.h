/*
 * out.h -- what is on its way to the client.
 *
 * Writers add to `bytes` and never wait: a slice that points into the store
 * can be copied out safely. Between messages a handler calls out_drain(),
 * which hands full chunks to the session's io and may suspend there while
 * the client is slow. So what is kept in memory is one chunk and one
 * message's worth of responses; during the wait, only what io holds.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "imap/session.h"

enum { OUT_CHUNK = 16384 };

struct out {
	struct session_io io;
	struct buf bytes;
	struct compress *compress; /* NULL: it is not compressed */
	uint64_t total; /* octets given to io, or compressed for it */
	struct err e;   /* of io; from then on everything is dropped */
};

/* Gives everything to io, and does not wait. */
void out_push(struct out *);

/* The client is slow: out_flush() would wait now. What is large and can be
 * had again should be put down before. */
bool out_is_full(const struct out *);

/* Suspends. Everything, or (drain) only when a chunk is full. */
void out_flush(struct out *);
void out_drain(struct out *);

/* Flushes and gives the memory back. Suspends. */
void out_rest(struct out *);

/* compress.h; nothing unless it is compressed. Suspends. */
void out_fence(struct out *);
