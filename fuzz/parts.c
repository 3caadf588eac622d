/* parts.c -- see parts.h. */
#include "parts.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/unicode.h"
#include "mime/described.h"

bool parts_described(const struct digest *d)
{
	struct described *v = mem_new(d->parts, sizeof *v);
	struct buf text = { 0 };
	bool is = is_ok(digest_describe(d, v));

	for (uint32_t i = 0; is && i < d->parts; i++) {
		if (v[i].end <= i || v[i].end > d->parts)
			abort();
		wire_text(v[i].description, &text);
	}
	if (!utf8_is_valid(buf_slice(&text)))
		abort();
	buf_free(&text);
	free(v);
	return is;
}
