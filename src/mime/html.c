/* html.c -- see html.h. Goes forward only; what never ends, ends the text. */
#include "mime/html.h"

#include "base/ascii.h"
#include "base/unicode.h"

/* Elements whose content is no text. */
static const char *const hidden[] = { "style", "script", "title", "head" };

/* Elements that do not part words. */
static const char *const inline_elements[] = {
	"a",     "abbr", "b",      "bdi", "bdo",  "cite", "code", "del",
	"em",    "font", "i",      "ins", "mark", "o:p",  "q",    "s",
	"small", "span", "strong", "sub", "sup",  "tt",   "u",    "wbr",
};

static bool is_in(struct slice name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_ieq(name, slice_cstr(list[i])))
			return true;
	}
	return false;
}

/* The rest behind the next `end`; empty when there is none. */
static struct slice after(struct slice s, struct slice end)
{
	size_t at = slice_find(s, end);

	return slice_from(s, at == SLICE_NONE ? s.len : at + end.len);
}

/* The rest from "</name" on; empty when there is none. */
static struct slice skip_hidden(struct slice s, struct slice name)
{
	while (s.len != 0) {
		s = slice_from(s, slice_find_byte(s, '<'));
		if (slice_starts(s, S("</")) &&
		    slice_istarts(slice_from(s, 2), name))
			return s;
		s = slice_from(s, 1);
	}
	return s;
}

/* s begins with "<"; the rest behind the tag or what it hides. */
static struct slice skip_tag(struct slice s, struct buf *out)
{
	bool closing = slice_starts(s, S("</"));
	struct slice name = slice_from(s, closing ? 2 : 1);
	size_t n = 0;

	if (slice_starts(s, S("<!--")))
		return after(s, S("-->"));
	while (n < name.len && n < 16 && !ascii_is_space(name.ptr[n]) &&
	       name.ptr[n] != '>' && name.ptr[n] != '/')
		n++;
	name.len = n;
	s = after(s, S(">"));
	if (!is_in(name, inline_elements,
	           sizeof inline_elements / sizeof *inline_elements))
		buf_byte(out, ' ');
	if (!closing && is_in(name, hidden, sizeof hidden / sizeof *hidden))
		s = skip_hidden(s, name);
	return s;
}

static uint32_t named_point(struct slice name)
{
	static const struct {
		char name[7];
		uint16_t point;
	} table[] = {
		{ "amp", '&' },       { "lt", '<' },       { "gt", '>' },
		{ "quot", '"' },      { "apos", '\'' },    { "nbsp", 0xa0 },
		{ "shy", 0xad },      { "copy", 0xa9 },    { "reg", 0xae },
		{ "auml", 0xe4 },     { "ouml", 0xf6 },    { "uuml", 0xfc },
		{ "Auml", 0xc4 },     { "Ouml", 0xd6 },    { "Uuml", 0xdc },
		{ "szlig", 0xdf },    { "eacute", 0xe9 },  { "egrave", 0xe8 },
		{ "agrave", 0xe0 },   { "ccedil", 0xe7 },  { "ndash", 0x2013 },
		{ "mdash", 0x2014 },  { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
		{ "ldquo", 0x201c },  { "rdquo", 0x201d }, { "bull", 0x2022 },
		{ "hellip", 0x2026 }, { "zwnj", 0x200c },  { "zwj", 0x200d },
		{ "laquo", 0xab },    { "raquo", 0xbb },   { "middot", 0xb7 },
		{ "euro", 0x20ac },   { "trade", 0x2122 }, { "iexcl", 0xa1 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (slice_eq(name, slice_cstr(table[i].name)))
			return table[i].point;
	}
	return 0;
}

/* "#8364" or "#x20ac"; 0 for what is none */
static uint32_t numbered_point(struct slice s)
{
	uint32_t base = 10;
	uint32_t n = 0;

	s = slice_from(s, 1);
	if (slice_istarts(s, S("x"))) {
		base = 16;
		s = slice_from(s, 1);
	}
	for (size_t i = 0; i < s.len; i++) {
		int digit = ascii_hex(s.ptr[i]);

		if (digit < 0 || (uint32_t)digit >= base || n > 0x10ffff)
			return 0;
		n = n * base + (uint32_t)digit;
	}
	return n;
}

/* s begins with "&"; the rest behind the reference, or behind the "&". */
static struct slice take_reference(struct slice s, struct buf *out)
{
	struct slice name = slice_first(slice_from(s, 1), 10);
	struct slice rest;
	uint32_t point = 0;

	if (slice_cut(name, ';', &name, &rest))
		point = slice_starts(name, S("#")) ? numbered_point(name)
		                                   : named_point(name);
	if (point == 0) {
		buf_byte(out, '&');
		return slice_from(s, 1);
	}
	utf8_put(out, point);
	return slice_from(s, name.len + 2);
}

static bool is_markup(struct slice s)
{
	return s.len > 1 && (ascii_is_alpha(s.ptr[1]) || s.ptr[1] == '/' ||
	                     s.ptr[1] == '!' || s.ptr[1] == '?');
}

void html_strip(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		size_t n = 0;

		while (n < s.len && s.ptr[n] != '<' && s.ptr[n] != '&')
			n++;
		buf_add(out, slice_first(s, n));
		s = slice_from(s, n);
		if (s.len == 0)
			return;
		if (s.ptr[0] == '&') {
			s = take_reference(s, out);
		} else if (is_markup(s)) {
			s = skip_tag(s, out);
		} else {
			buf_byte(out, '<');
			s = slice_from(s, 1);
		}
	}
}
