/* ranges.c -- see ranges.h. */
#include "mailbox/ranges.h"

#include "base/bytes.h"

void ranges_write(const struct uidset *uids, void *room)
{
	uint8_t *p = room;

	for (size_t i = 0; i < uids->n; i++) {
		put_le32(p + i * RANGE_BYTES, uids->v[i].first);
		put_le32(p + i * RANGE_BYTES + 4, uids->v[i].last);
	}
}

bool ranges_read(struct slice raw, struct uidrange *v, size_t *n)
{
	const uint8_t *p = (const uint8_t *)raw.ptr;
	uint32_t last = 0;

	*n = raw.len / RANGE_BYTES;
	if (*n == 0 || raw.len % RANGE_BYTES != 0)
		return false;
	for (size_t i = 0; i < *n; i++) {
		v[i].first = get_le32(p + i * RANGE_BYTES);
		v[i].last = get_le32(p + i * RANGE_BYTES + 4);
		if (v[i].first <= last || v[i].last < v[i].first)
			return false;
		last = v[i].last;
	}
	return true;
}
