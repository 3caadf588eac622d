/* client_id.c -- see client_id.h. */
#include "base/client_id.h"

#include "base/ascii.h"

static void add_plain(struct buf *text, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_byte(text, ascii_is_ctl(s.ptr[i]) ? '?' : s.ptr[i]);
}

void client_id_add(struct buf *text, struct slice key, struct slice value)
{
	if (value.len == 0)
		return;
	if (text->len != 0)
		buf_byte(text, ' ');
	if (!slice_ieq(key, S("name")) && !slice_ieq(key, S("version"))) {
		add_plain(text, key);
		buf_byte(text, '=');
	}
	add_plain(text, value);
}
