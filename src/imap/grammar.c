/*
 * grammar.c -- characters, numbers, words and names.
 *
 * One function a production, the grammar above it.
 */
#include "imap/grammar.h"

#include "base/ascii.h"
#include "base/encode.h"
#include "base/unicode.h"
#include "mailbox/name.h"

/* atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards /
 *                 quoted-specials / resp-specials */
static bool is_atom_char(char c)
{
	return !ascii_is_ctl(c) && !ascii_is_8bit(c) &&
	       memchr("(){ %*\"\\]", c, 9) == NULL;
}

/* ASTRING-CHAR = ATOM-CHAR / resp-specials */
bool is_astring_char(char c)
{
	return is_atom_char(c) || c == ']';
}

static struct slice take_while(struct cursor *c, bool (*is)(char))
{
	const char *from = c->p;

	while (!at_end(c) && is(*c->p))
		c->p++;
	return slice_of(from, (size_t)(c->p - from));
}

static bool is_digit(char c)
{
	return ascii_is_digit(c);
}

static uint64_t parse_digits(struct cursor *c, uint64_t most)
{
	uint64_t n;
	struct slice digits = take_while(c, is_digit);

	if (!slice_number(digits, &n)) {
		fail(c, digits.len == 0 ? "expected a number"
		                        : "number is too large");
		return 0;
	}
	if (n > most) {
		fail(c, "number is too large");
		return 0;
	}
	return n;
}

/* number = 1*DIGIT ; 0 <= n < 4,294,967,296 */
uint32_t parse_number(struct cursor *c)
{
	return (uint32_t)parse_digits(c, UINT32_MAX);
}

/* nz-number = digit-nz *DIGIT */
uint32_t parse_nz_number(struct cursor *c)
{
	if (peek(c) == '0')
		fail(c, "a number can't begin with 0 here");
	return parse_number(c);
}

/* number64 = 1*DIGIT ; 0 <= n <= 9,223,372,036,854,775,807 */
uint64_t parse_number64(struct cursor *c)
{
	return parse_digits(c, INT64_MAX);
}

/* atom = 1*ATOM-CHAR */
struct slice parse_atom(struct cursor *c)
{
	struct slice atom = take_while(c, is_atom_char);

	if (atom.len == 0)
		fail(c, "expected a word");
	return atom;
}

static bool is_tag_char(char c)
{
	return is_astring_char(c) && c != '+';
}

/* tag = 1*<any ASTRING-CHAR except "+">
 * to a visit also with a "+": ERRAND (visit.h) is no client's */
struct slice parse_tag(struct cursor *c)
{
	bool is_visit = c->prefix.len != 0;
	struct slice tag =
		take_while(c, is_visit ? is_astring_char : is_tag_char);

	if (tag.len == 0)
		fail(c, "expected a tag");
	return tag;
}

/* literal8 = "~{" number64 ["+"] "}" CRLF *OCTET ; without the "~" */
static struct slice parse_octets(struct cursor *c)
{
	uint64_t size;
	struct slice octets;

	expect(c, '{', "expected a literal");
	size = parse_number64(c);
	take(c, '+');
	expect(c, '}', "expected } behind the literal's size");
	expect(c, '\r', "expected a line end behind the literal's size");
	expect(c, '\n', "expected a line end behind the literal's size");
	octets = slice_first(rest(c), size);
	if (octets.len < size) {
		fail(c, "literal is incomplete");
		return S("");
	}
	c->p += size;
	return octets;
}

/* literal = "{" number64 ["+"] "}" CRLF *CHAR8 */
static struct slice parse_literal(struct cursor *c)
{
	struct slice octets = parse_octets(c);

	if (slice_find_byte(octets, '\0') != SLICE_NONE)
		fail(c, "NUL in a string");
	return octets;
}

/* Takes the backslashes away; the result is in the arena. */
static struct slice unescape(struct cursor *c, struct slice raw)
{
	char *to = arena_alloc(c->arena, raw.len);
	size_t n = 0;

	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] == '\\')
			i++;
		to[n++] = raw.ptr[i];
	}
	return slice_of(to, n);
}

/*
 * quoted = DQUOTE *QUOTED-CHAR DQUOTE
 * QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> /
 *               "\" quoted-specials / UTF8-2 / UTF8-3 / UTF8-4
 */
static struct slice parse_quoted(struct cursor *c)
{
	const char *from;
	bool escaped = false;
	bool has_8bit = false;
	struct slice raw;

	expect(c, '"', "expected a string");
	from = c->p;
	while (!at_end(c) && *c->p != '"') {
		if (*c->p == '\\') {
			escaped = true;
			c->p++;
			if (peek(c) != '"' && peek(c) != '\\') {
				fail(c, "only \\\" and \\\\ are escapes");
				return S("");
			}
		}
		if (*c->p == '\0' || *c->p == '\r' || *c->p == '\n') {
			fail(c, "control character in a quoted string");
			return S("");
		}
		has_8bit |= ascii_is_8bit(*c->p);
		c->p++;
	}
	raw = slice_of(from, (size_t)(c->p - from));
	expect(c, '"', "quoted string does not end");
	if (has_8bit && (!c->utf8 || !utf8_is_valid(raw)))
		fail(c, "8-bit text in a quoted string");
	if (!is_ok(c->e))
		return S("");
	return escaped ? unescape(c, raw) : raw;
}

/* string = quoted / literal */
struct slice parse_string(struct cursor *c)
{
	return peek(c) == '{' ? parse_literal(c) : parse_quoted(c);
}

/* astring = 1*ASTRING-CHAR / string */
struct slice parse_astring(struct cursor *c)
{
	struct slice s;

	if (peek(c) == '"' || peek(c) == '{')
		return parse_string(c);
	s = take_while(c, is_astring_char);
	if (s.len == 0)
		fail(c, "expected a word or a string");
	return s;
}

/* nstring = string / nil */
struct slice parse_nstring(struct cursor *c)
{
	if (take_word(c, S("NIL")))
		return slice_of(NULL, 0);
	return parse_string(c);
}

struct slice parse_nstring8(struct cursor *c)
{
	return take(c, '~') ? parse_octets(c) : parse_nstring(c);
}

bool decode_mailbox(struct cursor *c, struct slice wire, struct slice *out)
{
	struct buf utf8 = { 0 };
	bool is_good;

	*out = wire;
	if (c->utf8)
		return utf8_is_valid(wire);
	is_good = utf7_decode(wire, &utf8);
	if (is_good)
		*out = arena_copy(c->arena, buf_slice(&utf8));
	buf_free(&utf8);
	return is_good;
}

struct slice parse_mailbox_utf8(struct cursor *c)
{
	struct slice wire = parse_astring(c);
	struct slice name = S("");

	if (is_ok(c->e) && !decode_mailbox(c, wire, &name))
		fail_with(c, ERR_CANNOT, "mailbox name is not well encoded");
	return is_ok(c->e) ? name : S("");
}

struct slice parse_mailbox_asked(struct cursor *c)
{
	struct slice name = parse_mailbox_utf8(c);

	if (is_ok(c->e) && !slice_istarts(name, c->prefix))
		fail_with(c, ERR_NONEXISTENT, "no such mailbox");
	return slice_from(name, c->prefix.len);
}

static struct slice normal_mailbox(struct cursor *c, struct slice utf8)
{
	struct slice name = S("");
	struct buf normal = { 0 };
	struct err e;

	if (!is_ok(c->e))
		return name;
	e = mailbox_name_normal(utf8, &normal);
	if (is_ok(e))
		name = arena_copy(c->arena, buf_slice(&normal));
	else
		fail_with(c, e.code, e.text);
	buf_free(&normal);
	return name;
}

/* mailbox = "INBOX" / astring */
struct slice parse_mailbox(struct cursor *c)
{
	return normal_mailbox(c, parse_mailbox_asked(c));
}

struct slice parse_mailbox_or_root(struct cursor *c)
{
	struct slice utf8 = parse_mailbox_asked(c);

	return utf8.len != 0 ? normal_mailbox(c, utf8) : S("");
}

static bool is_list_char(char c)
{
	return is_astring_char(c) || c == '%' || c == '*';
}

/* list-mailbox = 1*list-char / string */
struct slice parse_list_mailbox(struct cursor *c)
{
	struct slice wire;

	if (peek(c) == '"' || peek(c) == '{')
		return parse_string(c);
	wire = take_while(c, is_list_char);
	if (wire.len == 0)
		fail(c, "expected a mailbox pattern");
	return wire;
}
