/*
 * param.c -- see param.h.
 *
 * First every parameter is read as it stands, then the pieces of one value
 * are joined into the place of piece 0. Room for all values is made before
 * the first is read, so that text does not move under the slices.
 */
#include "mime/param.h"

#include "base/ascii.h"
#include "mime/text.h"
#include "mime/wire.h"

void params_free(struct params *p)
{
	buf_free(&p->text);
}

/* -- reading -- */

static size_t escaped_len(struct slice s, size_t at)
{
	return s.ptr[at] == '\\' && at + 1 < s.len ? 2 : 1;
}

/* quoted-string; s begins behind the quote. A missing one ends it, too. */
static struct slice take_quoted(struct slice *s, struct buf *text)
{
	size_t start = text->len;
	size_t i = 0;

	while (i < s->len && s->ptr[i] != '"') {
		size_t n = escaped_len(*s, i);
		char c = s->ptr[i + n - 1];

		if (c != '\r' && c != '\n')
			buf_byte(text, c);
		i += n;
	}
	*s = slice_from(*s, i + 1);
	return slice_from(buf_slice(text), start);
}

/* Skips a comment at the start of s; they nest. */
static void skip_comment(struct slice *s)
{
	size_t depth = 0;

	do {
		depth += s->ptr[0] == '(';
		depth -= s->ptr[0] == ')';
		*s = slice_from(*s, escaped_len(*s, 0));
	} while (s->len != 0 && depth != 0);
}

static void skip_cfws(struct slice *s)
{
	while (s->len != 0 && (ascii_is_space(s->ptr[0]) || s->ptr[0] == '(')) {
		if (s->ptr[0] == '(')
			skip_comment(s);
		else
			*s = slice_from(*s, 1);
	}
}

/*
 * An unquoted value ends at ";" or before a comment. That is more than a
 * token: names of files with spaces are sent without quotes.
 */
static struct slice take_bare(struct slice *s)
{
	struct slice value;
	size_t n = 0;

	while (n < s->len && s->ptr[n] != ';' &&
	       !(s->ptr[n] == '(' && n > 0 && ascii_is_space(s->ptr[n - 1])))
		n++;
	value = slice_trim(slice_first(*s, n));
	*s = slice_from(*s, n);
	return value;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' ||
		    strchr("()<>@,;:\\\"/[]?=", s.ptr[i]) != NULL)
			return false;
	}
	return s.len != 0;
}

/* attribute := name ["*" number] ["*"]; RFC 2231 section 7 */
static void split_name(struct param *p)
{
	struct slice name = p->name;
	struct slice digits;
	uint64_t piece;

	p->piece = -1;
	if (slice_ends(name, S("*"))) {
		p->extended = true;
		name.len--;
		p->name = name;
	}
	if (slice_cut(name, '*', &name, &digits) && name.len != 0 &&
	    digits.len <= 4 && slice_number(digits, &piece)) {
		p->piece = (int)piece;
		p->name = name;
	}
}

static void skip_to_semicolon(struct slice *s)
{
	*s = slice_from(*s, slice_find_byte(*s, ';'));
}

/* parameter := attribute "=" value; what has no "=" is passed over */
static bool take_param(struct slice *s, struct buf *text, struct param *out)
{
	size_t n = 0;
	struct slice name;

	skip_cfws(s);
	while (n < s->len && s->ptr[n] != '=' && s->ptr[n] != ';')
		n++;
	name = slice_trim(slice_first(*s, n));
	*s = slice_from(*s, n);
	if (s->len == 0 || s->ptr[0] == ';')
		return false;
	*s = slice_from(*s, 1);
	skip_cfws(s);
	*out = (struct param){ .name = name };
	if (s->len != 0 && s->ptr[0] == '"') {
		*s = slice_from(*s, 1);
		out->value = take_quoted(s, text);
	} else {
		out->value = take_bare(s);
	}
	split_name(out);
	return is_token(name);
}

/* -- joining -- */

/* One that was joined is not found again: with a second name*0 the text
 * would outgrow its room. */
static struct param *find_piece(struct params *p, struct slice name, int piece)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].piece == piece && !p->v[i].joined &&
		    slice_ieq(p->v[i].name, name))
			return &p->v[i];
	}
	return NULL;
}

/* attribute-char of RFC 2231 section 7 */
static bool is_attribute_char(char c)
{
	return c > ' ' && c <= '~' && strchr("*'%()<>@,;:\\\"/[]?=", c) == NULL;
}

static void add_percent(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_attribute_char(s.ptr[i]))
			buf_byte(out, s.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)s.ptr[i]);
	}
}

/* A value is extended as a whole when its first piece is: that one has the
 * charset. */
static void add_piece(const struct param *first, const struct param *piece,
                      struct buf *text)
{
	if (first->extended && !piece->extended)
		add_percent(piece->value, text);
	else
		buf_add(text, piece->value);
}

static void join_pieces(struct params *p, struct param *first)
{
	size_t start = p->text.len;

	add_piece(first, first, &p->text);
	for (int i = 1;; i++) {
		struct param *piece = find_piece(p, first->name, i);

		if (piece == NULL)
			break;
		add_piece(first, piece, &p->text);
		piece->joined = true;
	}
	first->value = slice_from(buf_slice(&p->text), start);
}

void params_parse(struct slice value, size_t most, struct params *out)
{
	out->n = 0;
	out->cut = value.len > PARAMETERS_MOST;
	out->text.len = 0;
	value = slice_first(value, PARAMETERS_MOST);
	/* once as it stands, and joined with each octet as "%XX" */
	buf_room(&out->text, value.len * 4 + 1);
	while (value.len != 0) {
		if (out->n == LIMIT_PARAMETERS || out->n == most) {
			out->cut = true;
			break;
		}
		out->n += take_param(&value, &out->text, &out->v[out->n]);
		skip_to_semicolon(&value);
		value = slice_from(value, 1);
	}
	for (size_t i = 0; i < out->n; i++) {
		if (out->v[i].piece == 0)
			join_pieces(out, &out->v[i]);
	}
}

/* -- using -- */

bool params_get(const struct params *p, const char *name, struct slice *out)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].piece <= 0 &&
		    slice_ieq(p->v[i].name, slice_cstr(name))) {
			*out = p->v[i].value;
			return true;
		}
	}
	return false;
}

static void undo_percent(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		int high = i + 2 < s.len ? ascii_hex(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? ascii_hex(s.ptr[i + 2]) : -1;

		if (s.ptr[i] != '%' || low < 0) {
			buf_byte(out, s.ptr[i]);
			continue;
		}
		buf_byte(out, (char)(high * 16 + low));
		i += 2;
	}
}

void param_decode(const struct param *p, struct buf *out)
{
	struct buf octets = { 0 };
	struct slice charset, language, text;

	slice_cut(p->value, '\'', &charset, &text);
	slice_cut(text, '\'', &language, &text);
	undo_percent(text, &octets);
	charset_to_utf8(charset, buf_slice(&octets), out);
	buf_free(&octets);
}

/* A piece without a piece 0 keeps the name it came with. */
static void write_name(const struct param *p, struct buf *out)
{
	wire_lower(p->name, out);
	out->len--; /* the closing quote comes later */
	if (p->piece > 0)
		buf_printf(out, "*%d", p->piece);
	if (p->extended)
		buf_byte(out, '*');
	buf_byte(out, '"');
}

void params_write(const struct params *p, struct buf *out)
{
	size_t written = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].joined)
			continue;
		buf_byte(out, written++ == 0 ? '(' : ' ');
		write_name(&p->v[i], out);
		buf_byte(out, ' ');
		wire_string(p->v[i].value, out);
	}
	buf_add(out, written == 0 ? S("NIL") : S(")"));
}
