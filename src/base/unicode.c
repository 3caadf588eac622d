/*
 * unicode.c -- a UTF-8 decoder of our own (it is on every path), the tables
 * of utf8proc for everything that needs tables.
 */
#include "base/unicode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/ascii.h"
#include "base/mem.h"

enum { REPLACEMENT = 0xfffd };

/*
 * The first byte says how many follow and what the second may be: that is
 * where overlong forms, surrogates and what is beyond U+10FFFF are told.
 * Unicode 15, table 3-7.
 */
struct lead {
	uint8_t first, last; /* of the lead byte */
	uint8_t follow;
	uint8_t low, high; /* of the second byte */
	uint8_t mask;      /* bits of the lead byte that count */
};

static const struct lead leads[] = {
	{ 0xc2, 0xdf, 1, 0x80, 0xbf, 0x1f },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf, 0x0f },
	{ 0xe1, 0xec, 2, 0x80, 0xbf, 0x0f },
	{ 0xed, 0xed, 2, 0x80, 0x9f, 0x0f },
	{ 0xee, 0xef, 2, 0x80, 0xbf, 0x0f },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf, 0x07 },
	{ 0xf1, 0xf3, 3, 0x80, 0xbf, 0x07 },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f, 0x07 },
};

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	}
	return NULL;
}

static uint8_t byte_at(struct slice s, size_t at)
{
	return at < s.len ? (uint8_t)s.ptr[at] : 0;
}

/*
 * The length of the sequence s (not empty) begins with, its code point in
 * *out. 0: ill-formed, and *skip says how many bytes one U+FFFD stands for
 * (Unicode 15 section 3.9, maximal subparts).
 */
static size_t decode(struct slice s, uint32_t *out, size_t *skip)
{
	uint8_t first = byte_at(s, 0);
	const struct lead *lead = find_lead(first);
	uint32_t point;
	size_t n = 1;

	*skip = 1;
	*out = first;
	if (first < 0x80)
		return 1;
	if (lead == NULL)
		return 0;
	point = first & lead->mask;
	for (; n <= lead->follow; n++) {
		uint8_t b = byte_at(s, n);

		if (b < (n == 1 ? lead->low : 0x80) ||
		    b > (n == 1 ? lead->high : 0xbf))
			return 0;
		point = point << 6 | (b & 0x3f);
		*skip = n + 1;
	}
	*out = point;
	return n;
}

size_t utf8_ascii_prefix(struct slice s)
{
	size_t n = 0;

	for (; s.len - n >= 8; n += 8) {
		uint64_t word;

		memcpy(&word, s.ptr + n, 8);
		if ((word & 0x8080808080808080) != 0)
			break;
	}
	while (n < s.len && !ascii_is_8bit(s.ptr[n]))
		n++;
	return n;
}

size_t utf8_valid_prefix(struct slice s)
{
	size_t at = 0;

	for (;;) {
		uint32_t point;
		size_t n, skip;

		at += utf8_ascii_prefix(slice_from(s, at));
		if (at == s.len)
			return at;
		n = decode(slice_from(s, at), &point, &skip);
		if (n == 0)
			return at;
		at += n;
	}
}

bool utf8_is_valid(struct slice s)
{
	return utf8_valid_prefix(s) == s.len;
}

uint32_t utf8_take(struct slice *s)
{
	uint32_t point;
	size_t skip;
	size_t n = decode(*s, &point, &skip);

	*s = slice_from(*s, n != 0 ? n : skip);
	return n != 0 ? point : REPLACEMENT;
}

void utf8_put(struct buf *out, uint32_t point)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n;

	if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		point = REPLACEMENT;
	n = utf8proc_encode_char((utf8proc_int32_t)point, bytes);
	buf_add(out, slice_of(bytes, (size_t)n));
}

void utf8_repair(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t n = utf8_valid_prefix(s);

		buf_add(out, slice_first(s, n));
		s = slice_from(s, n);
		if (s.len != 0)
			utf8_put(out, utf8_take(&s));
	}
}

/* -- folding and normal form -- */

enum { NEAR = 64 }; /* code points that need no heap */

static const utf8proc_option_t form_c = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
static const utf8proc_option_t form_fold = UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                           UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                           UTF8PROC_IGNORE;

/* utf8proc's way from valid UTF-8 to the form asked for. It decomposes into
 * an array that it re-encodes in place, and that wants one byte more. */
static void map(struct slice s, utf8proc_option_t form, struct buf *out)
{
	utf8proc_int32_t near[NEAR + 1];
	utf8proc_int32_t *points = near;
	utf8proc_ssize_t n =
		utf8proc_decompose((const uint8_t *)s.ptr,
	                           (utf8proc_ssize_t)s.len, near, NEAR, form);

	assert(n >= 0);
	if (n > NEAR) {
		points = mem_new((size_t)n + 1, sizeof *points);
		utf8proc_decompose((const uint8_t *)s.ptr,
		                   (utf8proc_ssize_t)s.len, points, n, form);
	}
	n = utf8proc_reencode(points, n, form);
	assert(n >= 0);
	buf_add(out, slice_of(points, (size_t)n));
	if (points != near)
		free(points);
}

static void add_lower(struct slice s, struct buf *out)
{
	char *p = buf_room(out, s.len);

	if (p == NULL)
		return;
	for (size_t i = 0; i < s.len; i++)
		p[i] = ascii_lower(s.ptr[i]);
	out->len += s.len;
}

/* What U+0080 to U+00FF fold to, by utf8proc's tables: most text that is not
 * US-ASCII has nothing else, and it needs no look at its neighbours. */
/* clang-format off */
static const char latin_1[][6] = {
	"\xc2\x80", "\xc2\x81", "\xc2\x82", "\xc2\x83", "\xc2\x84",
	"\xc2\x85", "\xc2\x86", "\xc2\x87", "\xc2\x88", "\xc2\x89",
	"\xc2\x8a", "\xc2\x8b", "\xc2\x8c", "\xc2\x8d", "\xc2\x8e",
	"\xc2\x8f", "\xc2\x90", "\xc2\x91", "\xc2\x92", "\xc2\x93",
	"\xc2\x94", "\xc2\x95", "\xc2\x96", "\xc2\x97", "\xc2\x98",
	"\xc2\x99", "\xc2\x9a", "\xc2\x9b", "\xc2\x9c", "\xc2\x9d",
	"\xc2\x9e", "\xc2\x9f", " ", "\xc2\xa1", "\xc2\xa2", "\xc2\xa3",
	"\xc2\xa4", "\xc2\xa5", "\xc2\xa6", "\xc2\xa7", " \xcc\x88",
	"\xc2\xa9", "a", "\xc2\xab", "\xc2\xac", "", "\xc2\xae", " \xcc\x84",
	"\xc2\xb0", "\xc2\xb1", "2", "3", " \xcc\x81", "\xce\xbc", "\xc2\xb6",
	"\xc2\xb7", " \xcc\xa7", "1", "o", "\xc2\xbb", "1\xe2\x81\x84""4",
	"1\xe2\x81\x84""2", "3\xe2\x81\x84""4", "\xc2\xbf", "\xc3\xa0",
	"\xc3\xa1", "\xc3\xa2", "\xc3\xa3", "\xc3\xa4", "\xc3\xa5",
	"\xc3\xa6", "\xc3\xa7", "\xc3\xa8", "\xc3\xa9", "\xc3\xaa",
	"\xc3\xab", "\xc3\xac", "\xc3\xad", "\xc3\xae", "\xc3\xaf",
	"\xc3\xb0", "\xc3\xb1", "\xc3\xb2", "\xc3\xb3", "\xc3\xb4",
	"\xc3\xb5", "\xc3\xb6", "\xc3\x97", "\xc3\xb8", "\xc3\xb9",
	"\xc3\xba", "\xc3\xbb", "\xc3\xbc", "\xc3\xbd", "\xc3\xbe", "ss",
	"\xc3\xa0", "\xc3\xa1", "\xc3\xa2", "\xc3\xa3", "\xc3\xa4",
	"\xc3\xa5", "\xc3\xa6", "\xc3\xa7", "\xc3\xa8", "\xc3\xa9",
	"\xc3\xaa", "\xc3\xab", "\xc3\xac", "\xc3\xad", "\xc3\xae",
	"\xc3\xaf", "\xc3\xb0", "\xc3\xb1", "\xc3\xb2", "\xc3\xb3",
	"\xc3\xb4", "\xc3\xb5", "\xc3\xb6", "\xc3\xb7", "\xc3\xb8",
	"\xc3\xb9", "\xc3\xba", "\xc3\xbb", "\xc3\xbc", "\xc3\xbd",
	"\xc3\xbe", "\xc3\xbf",
};
/* clang-format on */

/* The number of s, if it is one of U+0080 to U+00FF; else 0. */
static uint8_t latin_1_at(struct slice s)
{
	uint8_t lead = byte_at(s, 0);
	uint8_t next = byte_at(s, 1);

	if ((lead & 0xfe) != 0xc2 || (next & 0xc0) != 0x80)
		return 0;
	return (uint8_t)(lead << 6 | (next & 0x3f));
}

static bool is_latin_1(struct slice s)
{
	for (size_t i = 0; i < s.len; i += 2)
		if (latin_1_at(slice_from(s, i)) == 0)
			return false;
	return true;
}

/* Length of the prefix without US-ASCII. */
static size_t wide_prefix(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_8bit(s.ptr[n]))
		n++;
	return n;
}

/* `plain` octets of US-ASCII, at most one, and then none. */
static void fold_piece(struct slice s, size_t plain, struct buf *out)
{
	if (!is_latin_1(slice_from(s, plain))) {
		map(s, form_fold, out);
		return;
	}
	add_lower(slice_first(s, plain), out);
	for (size_t i = plain; i < s.len; i += 2) {
		uint8_t c = latin_1_at(slice_from(s, i));

		buf_add(out, slice_cstr(latin_1[c - 0x80]));
	}
}

/* The same. U+FFFD, which stands for octets that are no text, folds to itself
 * and composes with nothing: what is between is folded piece by piece. */
static void fold_run(struct slice s, size_t plain, struct buf *out)
{
	const struct slice mark = S("\xef\xbf\xbd");
	size_t at;

	while ((at = slice_find(s, mark)) != SLICE_NONE) {
		if (at != 0)
			fold_piece(slice_first(s, at), plain, out);
		buf_add(out, mark);
		s = slice_from(s, at + mark.len);
		plain = 0;
	}
	if (s.len != 0)
		fold_piece(s, plain, out);
}

/*
 * No US-ASCII character composes with what stands before it, so the text
 * may be cut in front of each; one that stands before others may compose
 * with them and goes along.
 */
static void fold_valid(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t plain = utf8_ascii_prefix(s);
		size_t wide;

		if (plain == s.len) {
			add_lower(s, out);
			return;
		}
		if (plain != 0)
			plain--;
		add_lower(slice_first(s, plain), out);
		s = slice_from(s, plain);
		plain = ascii_is_8bit(s.ptr[0]) ? 0 : 1;
		wide = wide_prefix(slice_from(s, plain));
		fold_run(slice_first(s, plain + wide), plain, out);
		s = slice_from(s, plain + wide);
	}
}

void unicode_fold(struct slice s, struct buf *out)
{
	struct buf repaired = { 0 };

	if (utf8_is_valid(s)) {
		fold_valid(s, out);
		return;
	}
	utf8_repair(s, &repaired);
	fold_valid(buf_slice(&repaired), out);
	buf_free(&repaired);
}

/* -- i;unicode-casemap -- */

enum { DECOMPOSED_MOST = 32 }; /* of one code point; U+FDFA makes 18 */

static void put_casemapped(struct buf *out, uint32_t c)
{
	utf8proc_int32_t points[DECOMPOSED_MOST];
	utf8proc_ssize_t n = utf8proc_decompose_char(
		utf8proc_totitle((utf8proc_int32_t)c), points, DECOMPOSED_MOST,
		UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);

	assert(n >= 0 && n <= DECOMPOSED_MOST);
	for (utf8proc_ssize_t i = 0; i < n; i++)
		utf8_put(out, (uint32_t)points[i]);
}

void unicode_casemap(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t plain = utf8_ascii_prefix(s);
		char *p = buf_room(out, plain);

		if (p == NULL)
			return;
		for (size_t i = 0; i < plain; i++)
			p[i] = ascii_upper(s.ptr[i]);
		out->len += plain;
		s = slice_from(s, plain);
		if (s.len != 0)
			put_casemapped(out, utf8_take(&s));
	}
}

void unicode_nfc(struct slice s, struct buf *out)
{
	assert(utf8_is_valid(s));
	if (utf8_ascii_prefix(s) == s.len)
		buf_add(out, s);
	else
		map(s, form_c, out);
}
