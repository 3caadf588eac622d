/* wire.c -- see wire.h. */
#include "mime/wire.h"

#include "base/ascii.h"
#include "mime/encoded_word.h"

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	}
	return true;
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE, without the quotes */
static void add_escaped(struct slice s, struct buf *out)
{
	char *p = buf_room(out, s.len * 2);
	size_t n = 0;

	if (p == NULL)
		return;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			p[n++] = '\\';
		p[n++] = s.ptr[i];
	}
	out->len += n;
}

/* Length of the prefix that ends at a space or at the end. */
static size_t word_len(struct slice s)
{
	size_t n = slice_find_byte(s, ' ');

	return n == SLICE_NONE ? s.len : n;
}

/* Length of the words at the start that must be encoded, together with the
 * spaces between them (which vanish between encoded words). */
static size_t foreign_len(struct slice s)
{
	size_t at = 0;
	size_t foreign = 0;

	while (at < s.len) {
		size_t n = word_len(slice_from(s, at));

		if (n != 0 && is_plain(slice_of(s.ptr + at, n)))
			break;
		at += n;
		if (n != 0)
			foreign = at;
		at += at < s.len;
	}
	return foreign;
}

/* Words that are plain stay as they are: they may be encoded words. */
static void add_mixed(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t n = s.ptr[0] == ' ' ? 0 : foreign_len(s);

		if (n != 0) {
			words_encode(slice_first(s, n), out);
		} else {
			n = word_len(s);
			n += n == 0;
			add_escaped(slice_first(s, n), out);
		}
		s = slice_from(s, n);
	}
}

void wire_string(struct slice s, struct buf *out)
{
	buf_byte(out, '"');
	if (is_plain(s))
		add_escaped(s, out);
	else
		add_mixed(s, out);
	buf_byte(out, '"');
}

void wire_lower(struct slice s, struct buf *out)
{
	size_t start = out->len;

	wire_string(s, out);
	for (size_t i = start; i < out->len; i++)
		out->data[i] = ascii_lower(out->data[i]);
}

void wire_nstring(bool present, struct slice s, struct buf *out)
{
	if (present)
		wire_string(s, out);
	else
		buf_add(out, S("NIL"));
}
