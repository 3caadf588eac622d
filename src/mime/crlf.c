/* crlf.c -- a CR before each LF that has none. */
#include "mime/crlf.h"

/* A run without LF, then whether the LF behind it wants a CR. */
void crlf_feed(struct crlf *c, struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t n = slice_find_byte(s, '\n');

		if (n != 0) {
			struct slice run = slice_first(s, n);

			buf_add(out, run);
			c->after_cr = run.ptr[run.len - 1] == '\r';
		}
		if (n == SLICE_NONE)
			return;
		if (!c->after_cr)
			buf_byte(out, '\r');
		buf_byte(out, '\n');
		c->after_cr = false;
		s = slice_from(s, n + 1);
	}
}
