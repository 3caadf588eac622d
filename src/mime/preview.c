/* preview.c -- see preview.h. */
#include "mime/preview.h"

#include "base/unicode.h"
#include "mime/html.h"
#include "mime/text.h"

void preview_free(struct preview *p)
{
	buf_free(&p->raw);
	buf_free(&p->text);
}

void preview_begin(struct preview *p, bool html, enum part_encoding encoding,
                   const char *charset)
{
	if (p->text.len != 0 || p->tries++ >= PREVIEW_TRIES)
		return;
	p->reading = true;
	p->html = html;
	p->encoding = encoding;
	memccpy(p->charset, charset, '\0', sizeof p->charset);
	p->raw.len = 0;
}

void preview_feed(struct preview *p, struct slice s)
{
	size_t most = p->html ? PREVIEW_HTML : PREVIEW_PLAIN;

	if (p->reading && p->raw.len < most)
		buf_add(&p->raw, slice_first(s, most - p->raw.len));
}

/* What pads a preview in a mailing but is not seen. */
static bool is_invisible(uint32_t point)
{
	return point == 0xad || point == 0x34f || point == 0xfeff ||
	       (point >= 0x200b && point <= 0x200f);
}

static bool is_white(uint32_t point)
{
	return point <= ' ' || point == 0x7f || point == 0xa0 ||
	       (point >= 0x2000 && point <= 0x200a) || point == 0x3000;
}

static uint32_t take_point(struct slice *s)
{
	unsigned char c = (unsigned char)s->ptr[0];

	if (c >= 0x80)
		return utf8_take(s);
	*s = slice_from(*s, 1);
	return c;
}

static void put_point(struct buf *out, uint32_t point)
{
	if (point < 0x80)
		buf_byte(out, (char)point);
	else
		utf8_put(out, point);
}

/* Appends UTF-8 text with its white space collapsed, at most `most` code
 * points. */
static void collapse(struct slice s, size_t most, struct buf *out)
{
	bool space = false;
	size_t points = 0;

	while (s.len != 0 && points < most) {
		uint32_t point = take_point(&s);

		if (is_invisible(point))
			continue;
		if (is_white(point)) {
			space = out->len != 0;
			continue;
		}
		if (space && ++points < most)
			buf_byte(out, ' ');
		space = false;
		if (points++ < most)
			put_point(out, point);
	}
}

void preview_end(struct preview *p)
{
	struct buf decoded = { 0 };
	struct buf stripped = { 0 };
	struct text_decoder *d;

	if (!p->reading)
		return;
	p->reading = false;
	d = text_decoder_new(p->encoding, p->charset, TEXT_UTF8);
	text_decoder_feed(d, buf_slice(&p->raw), &decoded);
	text_decoder_finish(d, &decoded);
	if (p->html)
		html_strip(buf_slice(&decoded), &stripped);
	collapse(buf_slice(p->html ? &stripped : &decoded), PREVIEW_POINTS,
	         &p->text);
	buf_free(&decoded);
	buf_free(&stripped);
}
