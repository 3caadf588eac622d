/* message_id.c -- see message_id.h. RFC 5322 section 3.6.4. */
#include "mime/message_id.h"

#include "base/ascii.h"

/* The next "<" ... ">" of *rest, without the brackets. */
static bool next_id(struct slice *rest, struct slice *id)
{
	size_t close;

	*rest = slice_from(*rest, slice_find_byte(*rest, '<'));
	*rest = slice_from(*rest, 1);
	close = slice_find_byte(*rest, '>');
	if (close == SLICE_NONE)
		return false;
	*id = slice_first(*rest, close);
	*rest = slice_from(*rest, close + 1);
	return true;
}

static void add_id(struct slice id, struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!ascii_is_space(c) && c != '"')
			buf_byte(out, c);
	}
	if (out->len == start && start != 0)
		out->len--; /* nothing came: the separator goes */
}

static size_t count_ids(struct slice value)
{
	struct slice id;
	size_t n = 0;

	while (next_id(&value, &id))
		n++;
	return n;
}

size_t message_ids(struct slice value, size_t most, struct buf *out)
{
	size_t n = count_ids(value);
	struct slice id;

	for (size_t i = 0; i < n && next_id(&value, &id); i++) {
		if (n - i > most)
			continue;
		if (out->len != 0)
			buf_byte(out, ' ');
		add_id(id, out);
	}
	return n;
}
