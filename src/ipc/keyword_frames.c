/* keyword_frames.c -- keywords, some to a frame. */
#include "ipc/keyword_frames.h"

#include "ipc/protocol.h"

enum { KEYWORDS_A_FRAME = 256 };

_Static_assert(KEYWORDS_A_FRAME *(LIMIT_KEYWORD + 4) + 64 < LIMIT_FRAME,
               "a frame holds them all");

bool keyword_frame_put(struct frame_out *f, const struct slice *names, size_t n,
                       size_t *at)
{
	size_t now = n - *at < KEYWORDS_A_FRAME ? n - *at : KEYWORDS_A_FRAME;

	if (now == 0)
		return false;
	*f = (struct frame_out){ 0 };
	frame_begin(f, FRAME_KEYWORDS);
	frame_u32(f, (uint32_t)now);
	for (size_t i = 0; i < now; i++)
		frame_slice(f, names[*at + i]);
	*at += now;
	return true;
}

bool keyword_frame_take(struct frame_in *in, struct arena *a,
                        struct slice names[LIMIT_KEYWORDS], size_t *n)
{
	uint32_t more = read_u32(&in->r);

	if (more > LIMIT_KEYWORDS - *n)
		return false;
	for (uint32_t i = 0; i < more; i++)
		names[(*n)++] =
			arena_copy(a, frame_read_slice(in, LIMIT_KEYWORD));
	return frame_is_whole(in);
}
