/*
 * keyword_frames.h -- a message's keywords, in the frames ahead of its head.
 *
 * A mailbox may have more of them (LIMIT_KEYWORDS of LIMIT_KEYWORD octets)
 * than one frame holds, so they come as FRAME_KEYWORDS, as many as it takes,
 * each adding to those before; the head that follows takes them all.
 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "ipc/frame.h"

/* Begins and fills the frame of those from *at on, and moves *at behind
 * them. False: none are left. */
bool keyword_frame_put(struct frame_out *, const struct slice *names, size_t n,
                       size_t *at);

/* Copies a frame's behind the *n there are. False: it makes no sense, or
 * there are too many. */
bool keyword_frame_take(struct frame_in *, struct arena *,
                        struct slice names[LIMIT_KEYWORDS], size_t *n);
