/*
 * digest_check.c -- what digest_check() lets pass can be acted upon: every
 * section lies within the message, no walk over its parts is longer than
 * they are many, and nothing that is sent to a client ends a line; parts are
 * described, or don't agree with BODYSTRUCTURE.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "mime/digest_check.h"
#include "mime/digest_layout.h"
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_sections(const struct digest *d)
{
	for (uint32_t i = 0; i < 64; i++) {
		const uint32_t path[] = { i % 4, i / 4 % 4, i / 16 };
		struct span span;

		for (enum section_text t = SECTION_ALL; t <= SECTION_MIME;
		     t++) {
			if (!digest_section(d, path, 1 + i % 3, t, &span))
				continue;
			require(span.offset <= d->size);
			require(span.len <= d->size - span.offset);
		}
	}
}

/* Down by child, on by next: each part once, from wherever one comes. */
static void check_walk(const struct digest *d)
{
	uint32_t met = 1;

	for (uint32_t i = 0; i < d->parts; i++) {
		struct part p = digest_part(d, i);

		for (uint32_t c = p.child; c != 0; c = digest_part(d, c).next)
			require(met++ < d->parts);
	}
	require(met == d->parts);
}

static void check_wire(struct slice s)
{
	require(s.len > 2 && s.ptr[0] == '(' && s.ptr[s.len - 1] == ')');
	for (size_t i = 0; i < s.len; i++)
		require(s.ptr[i] >= ' ' && s.ptr[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice raw = slice_of(data, size);
	uint32_t octets = size >= DIGEST_HEAD ? get_le32(raw.ptr + 16) : 0;
	struct digest d;

	if (!is_ok(digest_check(raw, octets)))
		return 0;
	require(is_ok(digest_open(raw, &d)));
	check_sections(&d);
	check_walk(&d);
	check_wire(digest_field(&d, DIGEST_ENVELOPE));
	check_wire(digest_field(&d, DIGEST_BODYSTRUCTURE));
	check_wire(digest_field(&d, DIGEST_BODY));
	parts_described(&d);
	return 0;
}
