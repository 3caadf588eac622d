/*
 * header.c -- the fields of a header that lies whole in memory.
 *
 * field = name *WSP ":" value CRLF *(WSP value CRLF). A line that is neither
 * a field nor the continuation of one is passed over with its
 * continuations; an empty line ends the header.
 */
#include "mime/header.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "mime/encoded_word.h"
#include "mime/field.h"

/* Takes the next line with its end from *rest. */
static struct slice take_line(struct slice *rest)
{
	size_t n = slice_find_byte(*rest, '\n');
	struct slice line = slice_first(*rest, n == SLICE_NONE ? n : n + 1);

	*rest = slice_from(*rest, line.len);
	return line;
}

/* Takes a line and the lines that continue it. */
static struct slice take_folded(struct slice *rest)
{
	struct slice field = take_line(rest);

	while (rest->len != 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
		field.len += take_line(rest).len;
	return field;
}

static bool is_empty_line(struct slice s)
{
	return slice_eq(s, S("\r\n")) || slice_eq(s, S("\n"));
}

/* The whole field, its name and its value. */
static bool next_field(struct slice *rest, struct slice *field,
                       struct slice *name, struct slice *value)
{
	while (rest->len != 0) {
		*field = take_folded(rest);
		if (is_empty_line(*field))
			break;
		if (field_split(*field, name, value))
			return true;
	}
	*rest = slice_from(*rest, rest->len);
	return false;
}

bool header_next(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice field;

	return next_field(rest, &field, name, value);
}

static int by_name(const void *a, const void *b)
{
	return slice_icmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool is_among(struct slice name, const struct slice *names, size_t n)
{
	return bsearch(&name, names, n, sizeof *names, by_name) != NULL;
}

void header_select(struct slice header, const struct slice *names, size_t n,
                   bool not_these, struct buf *out)
{
	struct slice field, name, value;

	while (next_field(&header, &field, &name, &value)) {
		if (is_among(name, names, n) == not_these)
			continue;
		buf_add(out, field);
		if (!slice_ends(field, S("\n")))
			buf_add(out, S("\r\n"));
	}
	buf_add(out, S("\r\n"));
}

void header_decode(struct slice value, struct buf *out)
{
	struct word_decoder words = { 0 };

	words_decode(&words, value, out);
	word_decoder_fini(&words);
}
