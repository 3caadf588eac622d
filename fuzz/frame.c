/*
 * frame.c -- a packet read by a plan (its first half tells which fields, the
 * rest is the packet) is never read outside; when it is whole, writing the
 * same fields gives the same octets.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads one field and writes what was read. */
static void copy_field(uint8_t plan, struct frame_in *in, struct frame_out *out)
{
	switch (plan % 5) {
	case 0:
		frame_u8(out, read_u8(&in->r));
		break;
	case 1:
		frame_u16(out, read_u16(&in->r));
		break;
	case 2:
		frame_u32(out, read_u32(&in->r));
		break;
	case 3:
		frame_u64(out, read_u64(&in->r));
		break;
	default:
		frame_slice(out, frame_read_slice(in, (size_t)plan * 4));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice plan = slice_of(data, size / 2);
	struct slice packet = slice_from(slice_of(data, size), size / 2);
	struct frame_in in;
	struct frame_out out;

	if (packet.len > LIMIT_FRAME || !frame_parse(packet, -1, &in))
		return 0;
	frame_begin(&out, in.type);
	for (size_t i = 0; i < plan.len && in.r.rest.len != 0; i++)
		copy_field((uint8_t)plan.ptr[i], &in, &out);
	if (frame_is_whole(&in) &&
	    (out.bytes.overflow || !slice_eq(buf_slice(&out.bytes), packet)))
		abort();
	frame_free(&out);
	return 0;
}
