/*
 * text.c -- decoding gives valid UTF-8, of parts and of header fields, and
 * cutting the input makes no difference.
 *
 * The first byte chooses encoding and form, the second the charset.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "mime/header.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const charsets[] = {
	"",          "utf-8",  "iso-8859-1",   "iso-2022-jp",
	"gb2312",    "big5",   "utf-7",        "utf-16",
	"shift_jis", "euc-kr", "windows-1255", "no-such",
};

static struct buf decode(uint8_t how, const char *charset, struct slice s,
                         size_t chunk)
{
	struct text_decoder *d =
		text_decoder_new(how % 4, charset, how / 4 % 3);
	struct buf out = { 0 };

	for (; s.len != 0; s = slice_from(s, chunk))
		text_decoder_feed(d, slice_first(s, chunk), &out);
	text_decoder_finish(d, &out);
	return out;
}

static void check_header(struct slice s)
{
	struct buf out = { 0 };

	header_decode(s, &out);
	if (!utf8_is_valid(buf_slice(&out)))
		abort();
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_of(data, size);
	const char *charset;
	struct buf whole, cut;

	if (size < 2)
		return 0;
	s = slice_from(s, 2);
	charset = charsets[data[1] % (sizeof charsets / sizeof *charsets)];
	whole = decode(data[0], charset, s, s.len + 1);
	cut = decode(data[0], charset, s, 1 + size % 7);
	if (!slice_eq(buf_slice(&whole), buf_slice(&cut)))
		abort();
	if (data[0] / 4 % 3 != TEXT_RAW && !utf8_is_valid(buf_slice(&whole)))
		abort();
	buf_free(&whole);
	buf_free(&cut);
	check_header(s);
	return 0;
}
