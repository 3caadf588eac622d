/* field.c -- see field.h. RFC 5322 sections 2.2 and 4.5. */
#include "mime/field.h"

#include "base/ascii.h"

/* ftext = %d33-57 / %d59-126 */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	}
	return s.len != 0;
}

bool field_split(struct slice field, struct slice *name, struct slice *value)
{
	if (!slice_cut(field, ':', name, value))
		return false;
	while (name->len != 0 && (name->ptr[name->len - 1] == ' ' ||
	                          name->ptr[name->len - 1] == '\t'))
		name->len--;
	if (slice_ends(*value, S("\n")))
		value->len--;
	if (slice_ends(*value, S("\r")))
		value->len--;
	return is_name(*name);
}

void field_unfold(struct slice value, struct buf *out)
{
	struct slice s = slice_trim(value);
	char *p = buf_room(out, s.len);
	size_t n = 0;

	if (p == NULL)
		return;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		p[n] = c == '\t' ? ' ' : c;
		n += c != '\r' && c != '\n';
	}
	out->len += n;
}
