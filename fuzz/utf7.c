/* utf7.c -- what decodes is valid UTF-8 and encodes to the same octets; what
 * is valid UTF-8 encodes to something that decodes to it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/unicode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct buf utf8 = { 0 };
	struct buf utf7 = { 0 };
	struct buf again = { 0 };

	if (utf7_decode(in, &utf8)) {
		must(utf8_is_valid(buf_slice(&utf8)));
		utf7_encode(buf_slice(&utf8), &utf7);
		must(slice_eq(buf_slice(&utf7), in));
	} else {
		must(utf8.len == 0);
	}
	utf7.len = 0;
	if (utf8_is_valid(in)) {
		utf7_encode(in, &utf7);
		must(utf7_decode(buf_slice(&utf7), &again));
		must(slice_eq(buf_slice(&again), in));
	}
	buf_free(&utf8);
	buf_free(&utf7);
	buf_free(&again);
	return 0;
}
