/*
 * preauth_parse.c -- one function a production of the grammar.
 *
 * The cursor keeps its first error and then moves nothing, so that no call
 * needs an `if` behind it.
 */
#include "gate/preauth_parse.h"

#include "base/ascii.h"

/*
 * literal at the end of a line: "{" number64 ["+"] "}". *size is SIZE_MAX
 * when the number does not fit.
 */
static bool ends_in_literal(struct slice line, size_t *size, bool *waits)
{
	size_t open = slice_rfind_byte(line, '{');
	struct slice digits;
	uint64_t n;

	if (!slice_ends(line, S("}")) || open == SLICE_NONE)
		return false;
	digits = slice_from(line, open + 1);
	digits.len--;
	*waits = !slice_ends(digits, S("+"));
	if (!*waits)
		digits.len--;
	for (size_t i = 0; i < digits.len; i++) {
		if (!ascii_is_digit(digits.ptr[i]))
			return false;
	}
	*size = slice_number(digits, &n) ? n : SIZE_MAX;
	return digits.len != 0;
}

/* Without its LF or CRLF. */
static struct slice line_text(struct slice line)
{
	line.len--;
	if (slice_ends(line, S("\r")))
		line.len--;
	return line;
}

enum preauth_cut preauth_cut(struct preauth_cutter *c, struct slice in,
                             size_t *len)
{
	while (in.len >= c->scanned) {
		size_t lf = slice_find_byte(slice_from(in, c->scanned), '\n');
		struct slice line;
		size_t end;
		size_t size;
		bool waits;

		if (lf == SLICE_NONE) {
			c->scanned = in.len;
			return in.len >= LIMIT_PREAUTH_LINE ? CUT_TOO_LONG
			                                    : CUT_MORE;
		}
		end = c->scanned + lf + 1;
		if (end > LIMIT_PREAUTH_LINE)
			return CUT_TOO_LONG;
		*len = end;
		line = slice_from(slice_first(in, end), c->line);
		if (!ends_in_literal(line_text(line), &size, &waits))
			return CUT_COMMAND;
		if (size > LIMIT_PREAUTH_LITERAL ||
		    end + size >= LIMIT_PREAUTH_LINE)
			return waits ? CUT_TOO_BIG : CUT_FLOOD;
		c->line = c->scanned = end + size;
		if (waits)
			return CUT_CONTINUE;
	}
	return CUT_MORE;
}

struct cursor {
	struct slice rest;
	char *scratch; /* where unescaped strings go */
	struct err e;
};

static void fail(struct cursor *c, const char *text)
{
	if (is_ok(c->e))
		c->e = err(ERR_SYNTAX, text);
	c->rest = slice_from(c->rest, c->rest.len);
}

static bool accept(struct cursor *c, char wanted)
{
	if (c->rest.len == 0 || c->rest.ptr[0] != wanted)
		return false;
	c->rest = slice_from(c->rest, 1);
	return true;
}

static void expect(struct cursor *c, char wanted, const char *text)
{
	if (!accept(c, wanted))
		fail(c, text);
}

static struct slice take(struct cursor *c, size_t n)
{
	struct slice s = slice_first(c->rest, n);

	c->rest = slice_from(c->rest, n);
	return s;
}

/* CRLF or LF, and nothing behind it. */
static void parse_end(struct cursor *c)
{
	accept(c, '\r');
	expect(c, '\n', "unexpected text at the end");
	if (c->rest.len != 0)
		fail(c, "unexpected line end");
}

/* ATOM-CHAR = <any CHAR except atom-specials> */
static bool is_atom_char(char ch)
{
	return !ascii_is_ctl(ch) && !ascii_is_8bit(ch) &&
	       memchr("(){ %*\"\\]", ch, 9) == NULL;
}

static bool is_astring_char(char ch)
{
	return is_atom_char(ch) || ch == ']';
}

static bool is_tag_char(char ch)
{
	return is_astring_char(ch) && ch != '+';
}

static bool is_base64_char(char ch)
{
	return ascii_is_alpha(ch) || ascii_is_digit(ch) ||
	       memchr("+/=", ch, 3) != NULL;
}

static struct slice parse_while(struct cursor *c, bool (*is)(char))
{
	size_t n = 0;

	while (n < c->rest.len && is(c->rest.ptr[n]))
		n++;
	return take(c, n);
}

/*
 * QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
 *
 * UTF-8 is left out on purpose: it is for clients that have said ENABLE,
 * which they can't before the log-in.
 */
static char parse_quoted_char(struct cursor *c)
{
	bool escaped = accept(c, '\\');
	char ch = c->rest.len != 0 ? take(c, 1).ptr[0] : '\0';

	if (ch == '\0' || ch == '\r' || ch == '\n')
		fail(c, "quoted string does not end");
	if (ascii_is_8bit(ch))
		fail(c, "8-bit text needs a literal or AUTHENTICATE");
	if (escaped && ch != '"' && ch != '\\')
		fail(c, "only quote and backslash may follow a backslash");
	return ch;
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE, the first quote has been taken. */
static struct slice parse_quoted(struct cursor *c)
{
	struct slice text = { c->scratch, 0 };

	while (is_ok(c->e) && !accept(c, '"')) {
		*c->scratch++ = parse_quoted_char(c);
		text.len++;
	}
	return text;
}

/* literal = "{" number64 ["+"] "}" CRLF *CHAR8, "{" has been taken. */
static struct slice parse_literal(struct cursor *c)
{
	struct slice digits = parse_while(c, ascii_is_digit);
	struct slice text;
	uint64_t size;

	accept(c, '+');
	expect(c, '}', "literal does not end in }");
	accept(c, '\r');
	expect(c, '\n', "literal is not at the end of its line");
	if (!slice_number(digits, &size) || size > c->rest.len)
		fail(c, "literal has no size");
	if (!is_ok(c->e))
		return S("");
	text = take(c, size);
	if (slice_find_byte(text, '\0') != SLICE_NONE)
		fail(c, "literal holds a NUL");
	return text;
}

/* astring = 1*ASTRING-CHAR / string */
static struct slice parse_astring(struct cursor *c)
{
	struct slice s;

	if (accept(c, '"'))
		return parse_quoted(c);
	if (accept(c, '{'))
		return parse_literal(c);
	s = parse_while(c, is_astring_char);
	if (s.len == 0)
		fail(c, "expected a string");
	return s;
}

static bool is_alpha(char ch)
{
	return ascii_is_alpha(ch);
}

static bool accept_nil(struct cursor *c)
{
	struct cursor ahead = *c;

	if (!slice_ieq(parse_while(&ahead, is_alpha), S("NIL")))
		return false;
	*c = ahead;
	return true;
}

/* nstring = string / nil */
static struct slice parse_nstring(struct cursor *c)
{
	if (accept(c, '"'))
		return parse_quoted(c);
	if (accept(c, '{'))
		return parse_literal(c);
	if (!accept_nil(c))
		fail(c, "expected a string or NIL");
	return slice_of(NULL, 0);
}

/*
 * id         = "ID" SP id-params-list
 * id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
 */
static void parse_id(struct cursor *c, struct preauth_command *out)
{
	struct preauth_id *id = &out->id;

	expect(c, ' ', "expected a list or NIL");
	if (accept_nil(c))
		return;
	expect(c, '(', "expected a list or NIL");
	while (is_ok(c->e) && !accept(c, ')')) {
		if (id->n == LIMIT_ID_PAIRS) {
			fail(c, "too many ID fields");
			return;
		}
		if (id->n != 0)
			expect(c, ' ', "expected a space");
		id->key[id->n] = parse_astring(c);
		expect(c, ' ', "expected a space");
		id->value[id->n] = parse_nstring(c);
		if (id->key[id->n].len > LIMIT_ID_KEY ||
		    id->value[id->n].len > LIMIT_ID_VALUE)
			fail(c, "ID field is too long");
		id->n++;
	}
}

/* login = "LOGIN" SP userid SP password */
static void parse_login(struct cursor *c, struct preauth_command *out)
{
	expect(c, ' ', "expected a user name");
	out->user = parse_astring(c);
	expect(c, ' ', "expected a password");
	out->secret = parse_astring(c);
}

/* authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] */
static void parse_authenticate(struct cursor *c, struct preauth_command *out)
{
	expect(c, ' ', "expected a mechanism");
	out->mechanism = parse_while(c, is_atom_char);
	if (out->mechanism.len == 0)
		fail(c, "expected a mechanism");
	out->has_initial = accept(c, ' ');
	if (!out->has_initial)
		return;
	out->initial = parse_while(c, is_base64_char);
	if (out->initial.len == 0)
		fail(c, "expected an initial response in base64");
	/* "=" stands for the empty response, RFC 4959 section 3 */
	if (slice_eq(out->initial, S("=")))
		out->initial.len = 0;
}

static const struct verb {
	struct slice name;
	enum preauth_verb verb;
	void (*parse_args)(struct cursor *, struct preauth_command *);
} verbs[] = {
	{ { "CAPABILITY", 10 }, VERB_CAPABILITY, NULL },
	{ { "NOOP", 4 }, VERB_NOOP, NULL },
	{ { "LOGOUT", 6 }, VERB_LOGOUT, NULL },
	{ { "STARTTLS", 8 }, VERB_STARTTLS, NULL },
	{ { "ID", 2 }, VERB_ID, parse_id },
	{ { "LOGIN", 5 }, VERB_LOGIN, parse_login },
	{ { "AUTHENTICATE", 12 }, VERB_AUTHENTICATE, parse_authenticate },
};

static void parse_verb(struct cursor *c, struct preauth_command *out)
{
	struct slice name = parse_while(c, is_atom_char);

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (!slice_ieq(name, verbs[i].name))
			continue;
		out->verb = verbs[i].verb;
		if (verbs[i].parse_args != NULL)
			verbs[i].parse_args(c, out);
		return;
	}
	fail(c, "unknown command, or one that needs a log-in first");
}

/* tag = 1*<any ASTRING-CHAR except "+">, and then a space */
struct slice preauth_parse_tag(struct slice command)
{
	struct cursor c = { command, NULL, OK };
	struct slice tag = parse_while(&c, is_tag_char);

	return tag.len <= LIMIT_TAG && accept(&c, ' ') ? tag : S("");
}

/* command = tag SP command-any CRLF */
struct err preauth_parse(struct slice command, char *scratch,
                         struct preauth_command *out)
{
	struct cursor c = { command, scratch, OK };

	*out = (struct preauth_command){ 0 };
	out->tag = preauth_parse_tag(command);
	if (out->tag.len == 0)
		return err(ERR_SYNTAX, "expected a tag and a command");
	take(&c, out->tag.len + 1);
	parse_verb(&c, out);
	parse_end(&c);
	return c.e;
}

static const struct slice http_methods[] = {
	{ "GET ", 4 },        { "POST ", 5 },    { "HEAD ", 5 },
	{ "PUT ", 4 },        { "OPTIONS ", 8 }, { "CONNECT ", 8 },
	{ "DELETE ", 7 },     { "TRACE ", 6 },   { "PATCH ", 6 },
	{ "PRI * HTTP", 10 },
};

bool preauth_is_foreign(struct slice first_line)
{
	size_t most = sizeof http_methods / sizeof *http_methods;

	for (size_t i = 0; i < most; i++) {
		if (slice_starts(first_line, http_methods[i]))
			return slice_find(first_line, S(" HTTP")) != SLICE_NONE;
	}
	return slice_starts(first_line, S("\x16\x03"));
}
