/*
 * charset.c -- see charset.h.
 *
 * The superset is taken where senders name a subset and mean the superset
 * (gb2312, ks_c_5601-1987, shift_jis, iso-8859-1).
 */
#include "mime/charset.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "mime/text.h"

struct charset_name {
	const char *name;
	struct charset charset;
};

#define GUESS                       \
	{                           \
		CHARSET_GUESS, NULL \
	}
#define UTF8                       \
	{                          \
		CHARSET_UTF8, NULL \
	}
#define LATIN1                       \
	{                            \
		CHARSET_LATIN1, NULL \
	}
#define ICONV(name)                 \
	{                           \
		CHARSET_ICONV, name \
	}

static const struct charset_name names[] = {
	{ "us-ascii", GUESS },
	{ "ascii", GUESS },
	{ "ansi_x3.4-1968", GUESS },
	{ "iso646-us", GUESS },
	{ "utf-8", UTF8 },
	{ "utf8", UTF8 },
	{ "unicode-1-1-utf-8", UTF8 },
	{ "iso-8859-1", LATIN1 },
	{ "iso8859-1", LATIN1 },
	{ "iso_8859-1", LATIN1 },
	{ "latin1", LATIN1 },
	{ "windows-1252", LATIN1 },
	{ "cp1252", LATIN1 },
	{ "iso-8859-2", ICONV("ISO-8859-2") },
	{ "iso8859-2", ICONV("ISO-8859-2") },
	{ "latin2", ICONV("ISO-8859-2") },
	{ "iso-8859-3", ICONV("ISO-8859-3") },
	{ "iso-8859-4", ICONV("ISO-8859-4") },
	{ "iso-8859-5", ICONV("ISO-8859-5") },
	{ "iso-8859-6", ICONV("ISO-8859-6") },
	{ "iso-8859-7", ICONV("ISO-8859-7") },
	{ "iso-8859-8", ICONV("ISO-8859-8") },
	{ "iso-8859-8-i", ICONV("ISO-8859-8") },
	{ "iso-8859-8-e", ICONV("ISO-8859-8") },
	{ "iso-8859-9", ICONV("ISO-8859-9") },
	{ "iso-8859-10", ICONV("ISO-8859-10") },
	{ "iso-8859-11", ICONV("TIS-620") },
	{ "iso-8859-13", ICONV("ISO-8859-13") },
	{ "iso-8859-14", ICONV("ISO-8859-14") },
	{ "iso-8859-15", ICONV("ISO-8859-15") },
	{ "iso8859-15", ICONV("ISO-8859-15") },
	{ "latin-9", ICONV("ISO-8859-15") },
	{ "iso-8859-16", ICONV("ISO-8859-16") },
	{ "windows-1250", ICONV("CP1250") },
	{ "cp1250", ICONV("CP1250") },
	{ "windows-1251", ICONV("CP1251") },
	{ "cp1251", ICONV("CP1251") },
	{ "windows-1253", ICONV("CP1253") },
	{ "windows-1254", ICONV("CP1254") },
	{ "windows-1255", ICONV("CP1255") },
	{ "windows-1256", ICONV("CP1256") },
	{ "windows-1257", ICONV("CP1257") },
	{ "windows-1258", ICONV("CP1258") },
	{ "windows-874", ICONV("CP874") },
	{ "tis-620", ICONV("TIS-620") },
	{ "koi8-r", ICONV("KOI8-R") },
	{ "koi8-u", ICONV("KOI8-U") },
	{ "ibm437", ICONV("IBM437") },
	{ "cp437", ICONV("IBM437") },
	{ "ibm850", ICONV("IBM850") },
	{ "cp850", ICONV("IBM850") },
	{ "ibm852", ICONV("IBM852") },
	{ "ibm866", ICONV("IBM866") },
	{ "cp866", ICONV("IBM866") },
	{ "macintosh", ICONV("MACINTOSH") },
	{ "gb2312", ICONV("GB18030") },
	{ "gb_2312-80", ICONV("GB18030") },
	{ "euc-cn", ICONV("GB18030") },
	{ "gbk", ICONV("GB18030") },
	{ "gb18030", ICONV("GB18030") },
	{ "hz-gb-2312", ICONV("GB18030") },
	{ "big5", ICONV("BIG5-HKSCS") },
	{ "big5-hkscs", ICONV("BIG5-HKSCS") },
	{ "euc-tw", ICONV("EUC-TW") },
	{ "shift_jis", ICONV("CP932") },
	{ "shift-jis", ICONV("CP932") },
	{ "sjis", ICONV("CP932") },
	{ "windows-31j", ICONV("CP932") },
	{ "euc-jp", ICONV("EUC-JP") },
	{ "iso-2022-jp", ICONV("ISO-2022-JP-2") },
	{ "iso-2022-jp-1", ICONV("ISO-2022-JP-2") },
	{ "iso-2022-jp-2", ICONV("ISO-2022-JP-2") },
	{ "euc-kr", ICONV("UHC") },
	{ "ks_c_5601-1987", ICONV("UHC") },
	{ "ks_c_5601", ICONV("UHC") },
	{ "cp949", ICONV("UHC") },
	{ "iso-2022-kr", ICONV("ISO-2022-KR") },
	{ "utf-7", ICONV("UTF-7") },
	{ "unicode-1-1-utf-7", ICONV("UTF-7") },
	{ "utf-16", ICONV("UTF-16") },
	{ "utf-16le", ICONV("UTF-16LE") },
	{ "utf-16be", ICONV("UTF-16BE") },
	{ "utf-32", ICONV("UTF-32") },
};

bool charset_find(struct slice name, struct charset *out)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (slice_ieq(name, slice_cstr(names[i].name))) {
			*out = names[i].charset;
			return true;
		}
	}
	*out = (struct charset){ CHARSET_GUESS, NULL };
	return false;
}

struct converter converter_open(struct charset charset)
{
	struct converter c = { .kind = charset.kind };

	if (charset.kind != CHARSET_ICONV)
		return c;
	c.cd = iconv_open("UTF-8", charset.iconv_name);
	if (c.cd == (iconv_t)-1)
		c.kind = CHARSET_GUESS; /* a machine without this module */
	return c;
}

void converter_close(struct converter *c)
{
	if (c->kind == CHARSET_ICONV)
		iconv_close(c->cd);
	*c = (struct converter){ 0 };
}

/* What windows-1252 has where ISO-8859-1 has control characters. */
static void put_latin1(struct buf *out, unsigned char c)
{
	static const uint16_t above_0x80[32] = {
		0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
		0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178,
	};

	utf8_put(out, c >= 0x80 && c < 0xa0 ? above_0x80[c - 0x80] : c);
}

static size_t run_latin1(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.len;) {
		size_t n = 0;

		while (i + n < in.len && !ascii_is_8bit(in.ptr[i + n]))
			n++;
		buf_add(out, slice_of(in.ptr + i, n));
		i += n;
		if (i < in.len)
			put_latin1(out, (unsigned char)in.ptr[i++]);
	}
	return in.len;
}

/* May more bytes make s (which begins ill-formed) one character? */
static bool is_unfinished(struct slice s)
{
	static const char more[3] = { '\x80', '\x80', '\x80' };
	char whole[7];

	if (s.len == 0 || s.len > 3)
		return false;
	memcpy(whole, s.ptr, s.len);
	for (size_t n = 1; n + s.len <= 4; n++) {
		memcpy(whole + s.len, more, n);
		if (utf8_is_valid(slice_of(whole, s.len + n)))
			return true;
	}
	/* the second byte of these may not be 0x80 */
	return s.len == 1 && ((unsigned char)s.ptr[0] == 0xe0 ||
	                      (unsigned char)s.ptr[0] == 0xf0);
}

static void put_broken(struct converter *c, struct slice *rest, struct buf *out)
{
	if (c->kind == CHARSET_UTF8) {
		utf8_put(out, utf8_take(rest));
		return;
	}
	put_latin1(out, (unsigned char)rest->ptr[0]);
	*rest = slice_from(*rest, 1);
}

static size_t run_utf8(struct converter *c, struct slice in, bool last,
                       struct buf *out)
{
	struct slice rest = in;

	for (;;) {
		size_t n = utf8_valid_prefix(rest);

		buf_add(out, slice_first(rest, n));
		rest = slice_from(rest, n);
		if (rest.len == 0 || (!last && is_unfinished(rest)))
			return in.len - rest.len;
		put_broken(c, &rest, out);
	}
}

enum { MULTIBYTE_MOST = 16 }; /* no character or shift is longer */

/*
 * One call of iconv: as far as it gets. What it stops at is either broken,
 * and a byte of it is replaced, or unfinished, and false says so.
 */
static bool run_iconv_once(iconv_t cd, struct slice *rest, struct buf *out)
{
	char text[1024];
	char *to = text;
	char *from = (char *)(uintptr_t)rest->ptr; /* iconv does not write */
	size_t room = sizeof text;
	size_t before = rest->len;
	size_t result = iconv(cd, &from, &rest->len, &to, &room);

	rest->ptr = from;
	buf_add(out, slice_of(text, sizeof text - room));
	if (result != (size_t)-1 || rest->len < before)
		return true;
	if (rest->len < MULTIBYTE_MOST)
		return false;
	utf8_put(out, 0xfffd);
	*rest = slice_from(*rest, 1);
	return true;
}

static size_t run_iconv(iconv_t cd, struct slice in, bool last, struct buf *out)
{
	struct slice rest = in;

	while (rest.len != 0) {
		if (run_iconv_once(cd, &rest, out))
			continue;
		if (!last)
			break;
		utf8_put(out, 0xfffd);
		rest = slice_from(rest, 1);
	}
	return in.len - rest.len;
}

size_t converter_run(struct converter *c, struct slice in, bool last,
                     struct buf *out)
{
	switch (c->kind) {
	case CHARSET_LATIN1:
		return run_latin1(in, out);
	case CHARSET_ICONV:
		return run_iconv(c->cd, in, last, out);
	case CHARSET_GUESS:
	case CHARSET_UTF8:
		break;
	}
	return run_utf8(c, in, last, out);
}

bool charset_to_utf8(struct slice charset, struct slice s, struct buf *out)
{
	struct charset found;
	struct converter c;

	if (!charset_find(charset, &found))
		return false;
	if (found.kind == CHARSET_GUESS)
		found.kind = CHARSET_UTF8; /* of a client we guess nothing */
	c = converter_open(found);
	converter_run(&c, s, true, out);
	converter_close(&c);
	return true;
}

enum { NAMES = sizeof names / sizeof *names };

struct converter *charset_load_all(void)
{
	struct converter *all = mem_new(NAMES, sizeof *all);

	for (size_t i = 0; i < NAMES; i++)
		all[i] = converter_open(names[i].charset);
	return all;
}

void charset_unload_all(struct converter *all)
{
	for (size_t i = 0; i < NAMES; i++)
		converter_close(&all[i]);
	free(all);
}
