/*
 * stream.h -- a connected, non-blocking socket as a task sees it.
 *
 * Reading waits for bytes; writing queues up to LIMIT_OUTPUT bytes and then
 * waits for the peer to take them, so a slow reader costs a bounded queue
 * and a suspended task, never more. At most one task reads and one writes.
 *
 * An idle stream costs this struct and no task: stream_on_readable() calls
 * back (on the loop, not in a task) when there is something to read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"
#include "task/task.h"

struct stream;

/* Takes a connected socket over (asserted: nothing else will do), makes it
 * non-blocking, closes it at the end. */
struct stream *stream_new(struct loop *, int fd);

/* Drops what is still queued; no task may be waiting on it (asserted). */
void stream_free(struct stream *);

/* The same, but the descriptor stays open and is the caller's. */
int stream_release(struct stream *);

/* What is there now, without waiting; *got 0 and ERR_OK: nothing yet.
 * ERR_CLOSED at the end, after a reset or stream_abort(). */
struct err stream_read(struct stream *, void *to, size_t size, size_t *got);

/* Never suspends; the bytes are copied before anything else runs, and sent
 * at the end of the turn at the latest. ERR_CLOSED, or ERR_TIMEOUT when the
 * peer has taken nothing for LIMIT_WRITE_SECONDS; after an error every
 * further read and write fails. */
struct err stream_queue(struct stream *, struct slice);

/* Suspends until at most so many octets are queued. */
struct err stream_wait(struct stream *, size_t most);

/* Suspends until everything queued has been given to the kernel. */
struct err stream_flush(struct stream *);

/* Makes every present and future read and write fail with ERR_CLOSED. */
void stream_abort(struct stream *);

/* fn(arg) once, when there are bytes or the end to read, or the stream has
 * failed; NULL cancels. */
void stream_on_readable(struct stream *, void (*fn)(void *arg), void *arg);

/* Instead of LIMIT_WRITE_SECONDS. */
void stream_set_write_timeout(struct stream *, uint64_t timeout_ms);

/* The peer has shut its side, or all of it, whatever it sent before that. */
bool stream_is_leaving(const struct stream *);

size_t stream_queued(const struct stream *); /* bytes not sent yet */
