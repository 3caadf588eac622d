/* dots.c -- one state a place in the line; text is copied line by line. */
#include "lmtp/dots.h"

/* Up to the next LF, and that; a CRLF begins a new line. */
static size_t copy_text(struct dots *d, struct slice in, char *out)
{
	size_t lf = slice_find_byte(in, '\n');
	size_t n = lf == SLICE_NONE ? in.len : lf + 1;
	char before = n >= 2 ? in.ptr[n - 2] : d->last;

	memcpy(out, in.ptr, n);
	d->last = in.ptr[n - 1];
	if (lf != SLICE_NONE && before == '\r')
		d->at = DOTS_LINE;
	return n;
}

/* How many of `in`, which is not empty, it took; what it wrote is added. */
static size_t step(struct dots *d, struct slice in, char *out, size_t *written)
{
	char c = in.ptr[0];
	size_t n;

	switch (d->at) {
	case DOTS_LINE:
		d->at = c == '.' ? DOTS_DOT : DOTS_TEXT;
		d->last = '\n';
		return c == '.';
	case DOTS_DOT:
		d->at = c == '\r' ? DOTS_DOT_CR : DOTS_TEXT;
		return c == '\r';
	case DOTS_DOT_CR:
		d->at = c == '\n' ? DOTS_END : DOTS_TEXT;
		if (c == '\n')
			return 1;
		out[(*written)++] = d->last = '\r';
		return 0;
	case DOTS_TEXT:
		n = copy_text(d, in, out + *written);
		*written += n;
		return n;
	case DOTS_END:
		break;
	}
	return 0;
}

size_t dots_undo(struct dots *d, struct slice in, char *out, size_t *written)
{
	size_t used = 0;

	*written = 0;
	while (used < in.len && d->at != DOTS_END)
		used += step(d, slice_from(in, used), out, written);
	return used;
}
