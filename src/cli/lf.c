/* lf.c -- from CRLF to LF and nothing lost. */
#include "cli/lf.h"

void lf_end(struct lf *l, struct buf *out)
{
	if (l->held)
		buf_byte(out, '\r');
	*l = (struct lf){ 0 };
}

/* What the byte behind a held CR decides about it. */
static void release(struct lf *l, char next, struct buf *out)
{
	if (next != '\n' || l->after_cr)
		buf_byte(out, '\r');
	l->after_cr = next == '\r';
	l->held = false;
}

void lf_feed(struct lf *l, struct slice s, struct buf *out)
{
	while (s.len > 0) {
		size_t plain = slice_find_byte(s, '\r');

		if (l->held)
			release(l, s.ptr[0], out);
		if (plain != 0) {
			buf_add(out, slice_first(s, plain));
			s = slice_from(s, plain);
			continue;
		}
		l->held = true;
		s = slice_from(s, 1);
	}
}
