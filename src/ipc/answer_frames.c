/* answer_frames.c -- a row, an end. */
#include "ipc/answer_frames.h"

#include "ipc/protocol.h"

void answer_frame_row(struct frame_out *f, const struct slice *fields,
                      uint32_t n)
{
	frame_begin(f, FRAME_ROW);
	frame_u32(f, n);
	for (uint32_t i = 0; i < n; i++)
		frame_slice(f, fields[i]);
}

void answer_frame_done(struct frame_out *f, struct err e, bool lost)
{
	frame_begin(f, FRAME_DONE);
	frame_u8(f, (uint8_t)e.code);
	frame_slice(f, slice_cstr(e.text));
	frame_u8(f, lost);
}
