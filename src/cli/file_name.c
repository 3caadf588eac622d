/* file_name.c -- a name cut, and what tells it from others. */
#include "cli/file_name.h"

#include "base/hash.h"
#include "base/unicode.h"

static struct content_hash hash_of(struct slice name)
{
	struct content_hasher *hasher = content_hasher_new();

	content_hasher_add(hasher, name);
	return content_hasher_end(hasher);
}

void file_name_cut(struct slice name, size_t most, struct buf *out)
{
	struct content_hash hash = hash_of(name);

	buf_add(out, utf8_cut(name, most));
	buf_byte(out, '~');
	for (size_t i = 0; i < (FILE_NAME_MARK - 1) / 2; i++)
		buf_printf(out, "%02x", hash.bytes[i]);
}
