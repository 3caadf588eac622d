/*
 * link.h -- one end of a socketpair to another process of roost.
 *
 * Sending never waits: frames that the kernel has no room for are queued,
 * up to LINK_QUEUE bytes, beyond which ERR_LIMIT is returned and the caller
 * must treat the peer as too slow. Order is kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ipc/frame.h"
#include "task/task.h"

enum { LINK_QUEUE = 4 << 20 };

struct link;

/*
 * Takes the descriptor over. on_frame is called on the loop (not in a task)
 * for each frame; the frame's bytes are valid during the call. on_close is
 * called once, when the peer has gone; link_free() is allowed in both.
 */
struct link_handler {
	void (*on_frame)(void *arg, struct frame_in *);
	void (*on_close)(void *arg);
	void *arg;
	/* May be NULL. Called when the queue has run empty after a link_send()
	 * that had to queue: whoever stopped because of link_queued() goes on.
	 */
	void (*on_drain)(void *arg);
};

/* fd is a connected SOCK_SEQPACKET socket. */
struct link *link_new(struct loop *, int fd, struct link_handler);
void link_free(struct link *);

/* fd: -1, or a descriptor to pass; the sender's copy is closed in any case.
 * The frame is freed. ERR_CLOSED, ERR_LIMIT, ERR_TOOBIG (the frame). */
struct err link_send(struct link *, struct frame_out *, int fd);

/* Bytes that the kernel has had no room for yet. */
size_t link_queued(const struct link *);

/* Handles every frame that has arrived already; used where another link's
 * frame refers to one that was sent to us before it. */
void link_drain(struct link *);

/*
 * The waiting forms, for a task that owns the link and has set no
 * on_frame: link_receive suspends until a frame is there (freed by
 * link_receive's next call); link_send_wait suspends while the queue is
 * over LIMIT_OUTPUT, ERR_TIMEOUT when nothing of it went for
 * LIMIT_WRITE_SECONDS. ERR_CLOSED.
 */
struct err link_receive(struct link *, uint64_t timeout_ms, struct frame_in *);
struct err link_send_wait(struct link *, struct frame_out *, int fd);

/* Is fd, which came from another process, a Unix socket of that type
 * (SOCK_SEQPACKET for link_new, SOCK_STREAM for a relay)? Ask before
 * link_new(), which takes a program's mistake for what it is and aborts. */
bool link_is_socket(int fd, int type);

/* A line in the log: what came from there was no good frame. */
void link_log_bad(const char *from, const struct frame_in *);

/* A connected pair; both close-on-exec and blocking, until link_new() takes
 * one: `roost`, which waits, may get the other. */
struct err link_pair(int fds[2]);
