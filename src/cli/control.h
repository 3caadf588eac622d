/*
 * control.h -- talking to the running server, one question at a time.
 *
 * The frames are those of ipc/protocol.h, on the control socket (to auth) or
 * on a control link that FRAME_LINKED brought (to one mail process). The
 * command has nothing else to do, so it simply waits.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "ipc/frame.h"

struct control {
	int fd;
	char frame[LIMIT_FRAME]; /* the one received last */
	char text[512];          /* of the last DONE */
};

/* ERR_UNAVAILABLE: no server runs there; ERR_NOPERM. */
struct err control_open(const char *socket_path, struct control *);
void control_close(struct control *);

/* Sends and frees the frame. ERR_CLOSED, ERR_LIMIT (it was too long). */
struct err control_send(struct control *, struct frame_out *);

/* The next frame; valid until the next one. ERR_CLOSED, ERR_CORRUPT. */
struct err control_receive(struct control *, struct frame_in *);

/* What DONE says; its text is kept in the control. */
struct err control_done(struct control *, struct frame_in *);

/* Sends, gives every ROW's fields to fn (may be NULL), returns what DONE
 * says. Any other frame is ERR_CORRUPT. */
struct err control_call(struct control *, struct frame_out *,
                        void (*fn)(void *arg, const struct slice *, size_t n),
                        void *arg);

/* Another control to the mail process of an account, or (name empty) of a
 * partition. */
struct linked {
	uint64_t account;
	uint32_t partition;
	uint32_t partitions; /* how many there are */
};

struct err control_link(struct control *, struct slice account,
                        uint32_t partition, struct control *to,
                        struct linked *out);
