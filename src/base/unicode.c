/*
 * unicode.c -- UTF-8 of our own (it is on every path), the tables of utf8proc
 * for everything that needs tables.
 */
#include "base/unicode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/ascii.h"
#include "base/mem.h"

enum { REPLACEMENT = 0xfffd };

static const struct slice mark = S("\xef\xbf\xbd"); /* the same as UTF-8 */

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
	if (byte < 0xc2 || byte > 0xf4)
		return NULL;
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		if (byte <= leads[i].last)
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

struct slice utf8_cut(struct slice s, size_t most)
{
	size_t n = s.len < most ? s.len : most;

	while (n < s.len && n > 0 && ((uint8_t)s.ptr[n] & 0xc0) == 0x80)
		n--;
	return slice_first(s, n);
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
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n;
	char *p;

	if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		point = REPLACEMENT;
	n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	p = buf_room(out, n);
	if (p == NULL)
		return;
	for (size_t i = n - 1; i > 0; i--, point >>= 6)
		p[i] = (char)(0x80 | (point & 0x3f));
	p[0] = (char)(lead[n] | point);
	out->len += n;
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

enum {
	NEAR = 64,       /* code points that need no heap */
	FOLDED_MOST = 6, /* octets, of a character of Latin-1, and one more */
};

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
 * US-ASCII has nothing else, and they do not compose with each other. */
static const struct {
	uint8_t len;
	char text[FOLDED_MOST];
} latin_1[] = {
	/* clang-format off */
	{ 2, "\xc2\x80" }, { 2, "\xc2\x81" }, { 2, "\xc2\x82" },
	{ 2, "\xc2\x83" }, { 2, "\xc2\x84" }, { 2, "\xc2\x85" },
	{ 2, "\xc2\x86" }, { 2, "\xc2\x87" }, { 2, "\xc2\x88" },
	{ 2, "\xc2\x89" }, { 2, "\xc2\x8a" }, { 2, "\xc2\x8b" },
	{ 2, "\xc2\x8c" }, { 2, "\xc2\x8d" }, { 2, "\xc2\x8e" },
	{ 2, "\xc2\x8f" }, { 2, "\xc2\x90" }, { 2, "\xc2\x91" },
	{ 2, "\xc2\x92" }, { 2, "\xc2\x93" }, { 2, "\xc2\x94" },
	{ 2, "\xc2\x95" }, { 2, "\xc2\x96" }, { 2, "\xc2\x97" },
	{ 2, "\xc2\x98" }, { 2, "\xc2\x99" }, { 2, "\xc2\x9a" },
	{ 2, "\xc2\x9b" }, { 2, "\xc2\x9c" }, { 2, "\xc2\x9d" },
	{ 2, "\xc2\x9e" }, { 2, "\xc2\x9f" }, { 1, " " }, { 2, "\xc2\xa1" },
	{ 2, "\xc2\xa2" }, { 2, "\xc2\xa3" }, { 2, "\xc2\xa4" },
	{ 2, "\xc2\xa5" }, { 2, "\xc2\xa6" }, { 2, "\xc2\xa7" },
	{ 3, " \xcc\x88" }, { 2, "\xc2\xa9" }, { 1, "a" }, { 2, "\xc2\xab" },
	{ 2, "\xc2\xac" }, { 0, "" }, { 2, "\xc2\xae" }, { 3, " \xcc\x84" },
	{ 2, "\xc2\xb0" }, { 2, "\xc2\xb1" }, { 1, "2" }, { 1, "3" },
	{ 3, " \xcc\x81" }, { 2, "\xce\xbc" }, { 2, "\xc2\xb6" },
	{ 2, "\xc2\xb7" }, { 3, " \xcc\xa7" }, { 1, "1" }, { 1, "o" },
	{ 2, "\xc2\xbb" }, { 5, "1\xe2\x81\x84""4" },
	{ 5, "1\xe2\x81\x84""2" }, { 5, "3\xe2\x81\x84""4" },
	{ 2, "\xc2\xbf" }, { 2, "\xc3\xa0" }, { 2, "\xc3\xa1" },
	{ 2, "\xc3\xa2" }, { 2, "\xc3\xa3" }, { 2, "\xc3\xa4" },
	{ 2, "\xc3\xa5" }, { 2, "\xc3\xa6" }, { 2, "\xc3\xa7" },
	{ 2, "\xc3\xa8" }, { 2, "\xc3\xa9" }, { 2, "\xc3\xaa" },
	{ 2, "\xc3\xab" }, { 2, "\xc3\xac" }, { 2, "\xc3\xad" },
	{ 2, "\xc3\xae" }, { 2, "\xc3\xaf" }, { 2, "\xc3\xb0" },
	{ 2, "\xc3\xb1" }, { 2, "\xc3\xb2" }, { 2, "\xc3\xb3" },
	{ 2, "\xc3\xb4" }, { 2, "\xc3\xb5" }, { 2, "\xc3\xb6" },
	{ 2, "\xc3\x97" }, { 2, "\xc3\xb8" }, { 2, "\xc3\xb9" },
	{ 2, "\xc3\xba" }, { 2, "\xc3\xbb" }, { 2, "\xc3\xbc" },
	{ 2, "\xc3\xbd" }, { 2, "\xc3\xbe" }, { 2, "ss" }, { 2, "\xc3\xa0" },
	{ 2, "\xc3\xa1" }, { 2, "\xc3\xa2" }, { 2, "\xc3\xa3" },
	{ 2, "\xc3\xa4" }, { 2, "\xc3\xa5" }, { 2, "\xc3\xa6" },
	{ 2, "\xc3\xa7" }, { 2, "\xc3\xa8" }, { 2, "\xc3\xa9" },
	{ 2, "\xc3\xaa" }, { 2, "\xc3\xab" }, { 2, "\xc3\xac" },
	{ 2, "\xc3\xad" }, { 2, "\xc3\xae" }, { 2, "\xc3\xaf" },
	{ 2, "\xc3\xb0" }, { 2, "\xc3\xb1" }, { 2, "\xc3\xb2" },
	{ 2, "\xc3\xb3" }, { 2, "\xc3\xb4" }, { 2, "\xc3\xb5" },
	{ 2, "\xc3\xb6" }, { 2, "\xc3\xb7" }, { 2, "\xc3\xb8" },
	{ 2, "\xc3\xb9" }, { 2, "\xc3\xba" }, { 2, "\xc3\xbb" },
	{ 2, "\xc3\xbc" }, { 2, "\xc3\xbd" }, { 2, "\xc3\xbe" },
	{ 2, "\xc3\xbf" },
	/* clang-format on */
};

/* The number of s, if it is one of U+0080 to U+00FF; else 0. */
static uint8_t latin_1_at(struct slice s)
{
	uint8_t lead = byte_at(s, 0);
	uint8_t next = byte_at(s, 1);

	if ((lead & 0xfe) != 0xc2 || (next & 0xc0) != 0x80)
		return 0;
	return (uint8_t)(lead << 6 | (next & 0x3f));
}

/* Does it fold to itself, whatever stands beside it? */
static bool is_inert(uint32_t point)
{
	const utf8proc_property_t *p =
		utf8proc_get_property((utf8proc_int32_t)point);

	return p->combining_class == 0 && p->comb_index == UINT16_MAX &&
	       p->decomp_seqindex == UINT16_MAX &&
	       p->casefold_seqindex == UINT16_MAX && !p->ignorable &&
	       !(point >= 0x1100 && point <= 0x11ff) && /* Hangul, which */
	       !(point >= 0xac00 && point <= 0xd7a3);   /* has no table */
}

/* Takes the first character of s if it is inert, as U+FFFD is for what is
 * ill-formed: how long it is in s; 0 if it is not inert. */
static size_t fold_inert(struct slice s, char **to)
{
	uint32_t point;
	size_t skip;
	size_t n = decode(s, &point, &skip);
	struct slice as = n != 0 ? slice_first(s, n) : mark;

	if (n != 0 && !is_inert(point))
		return 0;
	memcpy(*to, as.ptr, as.len);
	*to += as.len;
	return n != 0 ? n : skip;
}

/*
 * Folds s up to the first character that needs a look at its neighbours, and
 * says in *odd where that is (s.len: nowhere). What it returns is how much of
 * s is done: the neighbours in front are not.
 *
 * Text can be cut beside what is inert, and in front of US-ASCII, which
 * composes with nothing before it, but may with what follows.
 */
static size_t fold_near(struct slice s, size_t *odd, struct buf *out)
{
	char *start = buf_room(out, s.len * FOLDED_MOST / 2 + 1);
	char *to = start;
	char *cut_to = start;
	size_t cut = 0;
	size_t i = 0;

	while (i < s.len) {
		struct slice rest = slice_from(s, i);
		uint8_t c = latin_1_at(rest);
		size_t n;

		if (!ascii_is_8bit(s.ptr[i])) {
			cut = i++;
			cut_to = to;
			*to++ = ascii_lower(s.ptr[cut]);
		} else if (c != 0) {
			memcpy(to, latin_1[c - 0x80].text, FOLDED_MOST);
			to += latin_1[c - 0x80].len;
			i += 2;
		} else if ((n = fold_inert(rest, &to)) != 0) {
			cut = i += n;
			cut_to = to;
		} else {
			break;
		}
	}
	*odd = i;
	out->len += (size_t)((i == s.len ? to : cut_to) - start);
	return i == s.len ? i : cut;
}

/* Where the text can be cut behind the character at `at`. */
static size_t next_cut(struct slice s, size_t at)
{
	uint32_t point;
	size_t skip;

	while (at < s.len) {
		at += decode(slice_from(s, at), &point, &skip);
		if (at == s.len || !ascii_is_8bit(s.ptr[at]) ||
		    decode(slice_from(s, at), &point, &skip) == 0 ||
		    is_inert(point))
			break;
	}
	return at;
}

void unicode_fold(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t plain = utf8_ascii_prefix(s);
		size_t done, odd, end;

		if (plain != 0 && plain != s.len)
			plain--;
		add_lower(slice_first(s, plain), out);
		s = slice_from(s, plain);
		done = fold_near(s, &odd, out);
		end = next_cut(s, odd);
		if (done != end)
			map(slice_from(slice_first(s, end), done), form_fold,
			    out);
		s = slice_from(s, end);
	}
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

/* -- without accents -- */

/* By their combining classes, Unicode 15 section 4.3: not those that tell
 * letters apart, as in Devanagari or Thai. */
static bool is_accent(const utf8proc_property_t *p)
{
	return p->combining_class >= 200 ||
	       (p->combining_class >= 10 && p->combining_class <= 36);
}

/* U+00E0 to U+00FF, which most accents are in: what is left, "." all of it. */
static const char latin[] = "aaaaaa.ceeeeiiii.nooooo..uuuuy.y";

static bool is_latin(uint32_t c)
{
	return c >= 0xe0 && c <= 0xff;
}

static bool is_bare(uint32_t c)
{
	const utf8proc_property_t *p;

	if (c < 0xc0)
		return true;
	if (is_latin(c))
		return latin[c - 0xe0] == '.';
	p = utf8proc_get_property((utf8proc_int32_t)c);
	return p->decomp_seqindex == UINT16_MAX && !is_accent(p);
}

static void put_unmarked(struct buf *out, uint32_t c)
{
	utf8proc_int32_t points[DECOMPOSED_MOST];
	utf8proc_ssize_t n;

	if (is_latin(c) && latin[c - 0xe0] != '.') {
		buf_byte(out, latin[c - 0xe0]);
		return;
	}
	n = utf8proc_decompose_char((utf8proc_int32_t)c, points,
	                            DECOMPOSED_MOST, UTF8PROC_DECOMPOSE, NULL);
	assert(n >= 0 && n <= DECOMPOSED_MOST);
	for (utf8proc_ssize_t i = 0; i < n; i++)
		if (!is_accent(utf8proc_get_property(points[i])))
			utf8_put(out, (uint32_t)points[i]);
}

/* How much of s stays as it is. */
static size_t bare_prefix(struct slice s)
{
	size_t n = 0;

	while (n < s.len) {
		uint32_t point;
		size_t skip;
		size_t more = decode(slice_from(s, n), &point, &skip);

		if (more == 0 || (more != 1 && !is_bare(point)))
			break;
		n += more;
	}
	return n;
}

void unicode_unmark(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t plain = utf8_ascii_prefix(s);

		plain += bare_prefix(slice_from(s, plain));
		buf_add(out, slice_first(s, plain));
		s = slice_from(s, plain);
		if (s.len != 0)
			put_unmarked(out, utf8_take(&s));
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
