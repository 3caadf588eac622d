/*
 * encode.c -- base64, hexadecimal, modified UTF-7.
 *
 * Strictness of utf7_decode comes from the encoder: what is read must be
 * exactly what would be written, so the two can't disagree about spelling.
 */
#include "base/encode.h"

#include "base/ascii.h"
#include "base/unicode.h"

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1; the last two are "+/" here, "-_" in URLs and "+," in modified
 * UTF-7. */
static int digit_value(char c, const char last[2])
{
	if (ascii_is_upper(c))
		return c - 'A';
	if (ascii_is_lower(c))
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	if (c == last[0])
		return 62;
	return c == last[1] ? 63 : -1;
}

/* Three bytes (or the last one or two) as two to four digits. */
static void put_digits(struct slice s, struct buf *out)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 3; i++)
		bits = bits << 8 | (i < s.len ? (uint8_t)s.ptr[i] : 0);
	for (size_t i = 0; i <= s.len; i++)
		buf_byte(out, base64_digits[bits >> (18 - 6 * i) & 63]);
}

void base64_encode(struct slice s, struct buf *out)
{
	for (; s.len != 0; s = slice_from(s, 3)) {
		struct slice group = slice_first(s, 3);

		put_digits(group, out);
		for (size_t i = group.len; i < 3; i++)
			buf_byte(out, '=');
	}
}

/*
 * Digits without padding, to bytes. False for a foreign character, a single
 * digit left over, or bits left over that are not zero.
 */
static bool get_digits(struct slice s, const char last[2], struct buf *out)
{
	uint32_t bits = 0;
	unsigned int have = 0;

	for (size_t i = 0; i < s.len; i++) {
		int value = digit_value(s.ptr[i], last);

		if (value < 0)
			return false;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buf_byte(out, (char)(bits >> have & 0xff));
	}
	return have < 6 && (bits & ((1u << have) - 1)) == 0;
}

bool base64_decode(struct slice s, struct buf *out)
{
	size_t before = out->len;

	if (s.len % 4 != 0)
		return false;
	for (int i = 0; i < 2 && slice_ends(s, S("=")); i++)
		s.len--;
	if (get_digits(s, "+/", out))
		return true;
	out->len = before;
	return false;
}

bool base64url_decode(struct slice s, struct buf *out)
{
	size_t before = out->len;

	if (get_digits(s, "-_", out))
		return true;
	out->len = before;
	return false;
}

void hex_encode(struct slice s, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.len; i++) {
		buf_byte(out, digits[(uint8_t)s.ptr[i] >> 4]);
		buf_byte(out, digits[s.ptr[i] & 15]);
	}
}

/* -- modified UTF-7, RFC 3501 section 5.1.3 -- */

/* Stands for itself: printable US-ASCII; '&' does so as "&-". */
static bool is_direct(char c)
{
	return !ascii_is_ctl(c) && !ascii_is_8bit(c);
}

static void put_utf16(struct buf *out, uint32_t unit)
{
	buf_byte(out, (char)(unit >> 8));
	buf_byte(out, (char)(unit & 0xff));
}

static void put_utf16_pair(struct buf *out, uint32_t code_point)
{
	if (code_point < 0x10000) {
		put_utf16(out, code_point);
		return;
	}
	put_utf16(out, 0xd800 + ((code_point - 0x10000) >> 10));
	put_utf16(out, 0xdc00 + ((code_point - 0x10000) & 0x3ff));
}

/* "&" *(base64 digit) "-" for all of s. */
static void put_shifted(struct slice s, struct buf *out)
{
	struct buf utf16 = { 0 };
	size_t start;

	while (s.len != 0)
		put_utf16_pair(&utf16, utf8_take(&s));
	buf_byte(out, '&');
	start = out->len;
	for (struct slice u = buf_slice(&utf16); u.len != 0;
	     u = slice_from(u, 3))
		put_digits(slice_first(u, 3), out);
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '/')
			out->data[i] = ',';
	}
	buf_byte(out, '-');
	buf_free(&utf16);
}

void utf7_encode(struct slice utf8, struct buf *out)
{
	while (utf8.len != 0) {
		size_t n = 0;

		if (is_direct(utf8.ptr[0])) {
			buf_add(out, utf8.ptr[0] == '&' ? S("&-")
			                                : slice_first(utf8, 1));
			utf8 = slice_from(utf8, 1);
			continue;
		}
		while (n < utf8.len && !is_direct(utf8.ptr[n]))
			n++;
		put_shifted(slice_first(utf8, n), out);
		utf8 = slice_from(utf8, n);
	}
}

/* The next code point of UTF-16; U+FFFD for a lone surrogate. */
static uint32_t take_utf16(struct slice *s)
{
	uint32_t high = (uint32_t)(uint8_t)s->ptr[0] << 8 | (uint8_t)s->ptr[1];
	uint32_t low;

	*s = slice_from(*s, 2);
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || s->len < 2)
		return 0xfffd;
	low = (uint32_t)(uint8_t)s->ptr[0] << 8 | (uint8_t)s->ptr[1];
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*s = slice_from(*s, 2);
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* What stands between '&' and '-'. */
static bool get_shifted(struct slice digits, struct buf *out)
{
	struct buf utf16 = { 0 };
	bool ok = get_digits(digits, "+,", &utf16) && utf16.len % 2 == 0;

	for (struct slice u = buf_slice(&utf16); ok && u.len != 0;)
		utf8_put(out, take_utf16(&u));
	buf_free(&utf16);
	return ok;
}

static bool decode_leniently(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		struct slice direct, shifted;
		bool shift = slice_cut(s, '&', &direct, &s);

		buf_add(out, direct);
		if (!shift)
			return true;
		if (!slice_cut(s, '-', &shifted, &s))
			return false;
		if (shifted.len == 0)
			buf_byte(out, '&');
		else if (!get_shifted(shifted, out))
			return false;
	}
	return true;
}

bool utf7_decode(struct slice utf7, struct buf *out)
{
	size_t before = out->len;
	struct buf again = { 0 };
	bool ok = decode_leniently(utf7, out);

	if (ok) {
		utf7_encode(slice_from(buf_slice(out), before), &again);
		ok = slice_eq(buf_slice(&again), utf7);
	}
	buf_free(&again);
	if (!ok)
		out->len = before;
	return ok;
}
