/*
 * present_frame.h -- who is there, told by mail when auth calls the roll
 * (FRAME_PRESENT).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc/frame.h"

struct present {
	uint64_t account;
	struct slice session; /* "": whoever visits it */
	struct slice address;
	uint64_t credential; /* that let it in */
	uint8_t terms;       /* of enum term */
};

/* One more, behind those that are in the frame. */
void present_frame_put(struct frame_out *, const struct present *);

/* The next one, whose slices are in the frame; false: there is none, or it
 * does not parse. */
bool present_frame_take(struct frame_in *, struct present *out);
