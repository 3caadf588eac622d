/* present_frame.c -- those who are present, many to a frame. */
#include "ipc/present_frame.h"

#include "base/network.h"
#include "ipc/protocol.h"

void present_frame_put(struct frame_out *f, const struct present *p)
{
	if (f->bytes.len == 0)
		frame_begin(f, FRAME_PRESENT);
	frame_u64(f, p->account);
	frame_slice(f, p->session);
	frame_slice(f, p->address);
	frame_u64(f, p->credential);
	frame_u8(f, p->terms);
}

bool present_frame_take(struct frame_in *in, struct present *out)
{
	if (in->r.rest.len == 0)
		return false;
	out->account = read_u64(&in->r);
	out->session = frame_read_slice(in, SESSION_ID_SIZE);
	out->address = frame_read_slice(in, ADDRESS_TEXT);
	out->credential = read_u64(&in->r);
	out->terms = read_u8(&in->r);
	return !in->r.failed;
}
