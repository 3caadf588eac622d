/*
 * answer_frames.h -- what the `roost` command is answered: rows, and an end
 * (control_frames.h).
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "ipc/frame.h"

/* Into an empty frame. */
void answer_frame_row(struct frame_out *, const struct slice *fields,
                      uint32_t n);

/* lost: it is not in the audit log, as it should be. */
void answer_frame_done(struct frame_out *, struct err, bool lost);
