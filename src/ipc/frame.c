/* frame.c -- a bounded buffer to write with, a bounded reader to read with. */
#include "ipc/frame.h"

#include "base/limits.h"

/* Room for what is short, so that no copy of a secret is left behind where the
 * buffer was before it grew; what is long brings its own (frame_slice). */
enum { FRAME_ROOM = 4096 };

void frame_begin(struct frame_out *f, uint16_t type)
{
	f->bytes = buf_limit(LIMIT_FRAME);
	buf_room(&f->bytes, FRAME_ROOM);
	buf_u16(&f->bytes, type);
}

void frame_u8(struct frame_out *f, uint8_t n)
{
	buf_u8(&f->bytes, n);
}

void frame_u16(struct frame_out *f, uint16_t n)
{
	buf_u16(&f->bytes, n);
}

void frame_u32(struct frame_out *f, uint32_t n)
{
	buf_u32(&f->bytes, n);
}

void frame_u64(struct frame_out *f, uint64_t n)
{
	buf_u64(&f->bytes, n);
}

/* A token may be longer than all the rest: the fields behind it do not have
 * the buffer grow either. */
static void make_room(struct buf *b, size_t len)
{
	size_t left = LIMIT_FRAME - b->len;

	if (len > FRAME_ROOM / 2)
		buf_room(b, left < len + FRAME_ROOM ? left : len + FRAME_ROOM);
}

void frame_slice(struct frame_out *f, struct slice s)
{
	if (s.len > LIMIT_FRAME) {
		f->bytes.overflow = true;
		return;
	}
	make_room(&f->bytes, s.len);
	buf_u32(&f->bytes, (uint32_t)s.len);
	buf_add(&f->bytes, s);
}

void frame_free(struct frame_out *f)
{
	buf_wipe(&f->bytes);
}

bool frame_parse(struct slice packet, int fd, struct frame_in *out)
{
	*out = (struct frame_in){ .r = reader_of(packet), .fd = fd };
	out->type = read_u16(&out->r);
	return !out->r.failed;
}

struct slice frame_read_slice(struct frame_in *f, size_t most)
{
	uint32_t len = read_u32(&f->r);

	if (len > most)
		f->r.failed = true;
	return read_bytes(&f->r, len);
}

bool frame_is_whole(const struct frame_in *f)
{
	return !f->r.failed && f->r.rest.len == 0;
}
