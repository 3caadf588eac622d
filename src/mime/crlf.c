/* crlf.c -- a CR before each LF that has none. */
#include "mime/crlf.h"

/* Up to the first LF that wants a CR; all when none does. */
static size_t sound_run(struct slice s, bool after_cr)
{
	const char *end = s.ptr + s.len;

	for (const char *p = s.ptr;; p++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p == NULL)
			return s.len;
		if (p == s.ptr ? !after_cr : p[-1] != '\r')
			return (size_t)(p - s.ptr);
	}
}

void crlf_feed(struct crlf *c, struct slice s, struct buf *out)
{
	while (s.len != 0) {
		struct slice run = slice_first(s, sound_run(s, c->after_cr));

		buf_add(out, run);
		if (run.len != 0)
			c->after_cr = run.ptr[run.len - 1] == '\r';
		s = slice_from(s, run.len);
		if (s.len == 0)
			return;
		buf_add(out, S("\r\n"));
		c->after_cr = false;
		s = slice_from(s, 1);
	}
}
