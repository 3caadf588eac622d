/*
 * parent.h -- a child's link to the process that started it.
 *
 * A child that loses its parent ends, for nobody would hear of it again.
 * Whether it is still there (FRAME_PING) is answered here.
 */
#pragma once

#include "ipc/link.h"
#include "ipc/protocol.h"

struct parent_frame {
	enum frame_type type;
	/* false: the frame is bad. Its descriptor is closed, unless f->fd has
	 * become -1. */
	bool (*handle)(void *arg, struct frame_in *f);
};

struct parent_handler {
	const struct parent_frame *frames; /* those that it may send */
	size_t n_frames;
	void (*on_close)(void *arg); /* NULL: the loop is stopped */
	void *arg;
};

struct parent;

/* Takes the descriptor over; the handler's frames must outlive it. */
struct parent *parent_new(struct loop *, int fd, struct parent_handler);
void parent_free(struct parent *);

/* FRAME_READY: this process serves from now on. */
void parent_say_ready(struct parent *);

/* As link_send(), and nothing happens when the parent has gone. */
void parent_send(struct parent *, struct frame_out *);

/* As link_drain(). */
void parent_drain(struct parent *);
