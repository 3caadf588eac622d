/*
 * address.c -- see address.h. RFC 5322 sections 3.4 and 4.4.
 *
 * What stands before "<" or "," is read as a phrase and as an addr-spec at
 * the same time (`words` and `spec`); the character that follows decides
 * which of them it was.
 */
#include "mime/address.h"

#include "base/ascii.h"

struct address_parser address_parser_of(struct slice value)
{
	struct address_parser p = { .rest = value, .at = SLICE_NONE };

	p.words = buf_limit(ADDRESS_TEXT_MOST);
	p.spec = buf_limit(ADDRESS_TEXT_MOST);
	p.route = buf_limit(ADDRESS_TEXT_MOST);
	p.comment = buf_limit(ADDRESS_TEXT_MOST);
	return p;
}

void address_parser_fini(struct address_parser *p)
{
	buf_free(&p->words);
	buf_free(&p->spec);
	buf_free(&p->route);
	buf_free(&p->comment);
}

static void start_address(struct address_parser *p)
{
	p->words.len = 0;
	p->spec.len = 0;
	p->route.len = 0;
	p->comment.len = 0;
	p->name_len = 0;
	p->at = SLICE_NONE;
	p->has_name = false;
	p->space = false;
}

static char peek(const struct address_parser *p)
{
	return p->rest.len != 0 ? p->rest.ptr[0] : '\0';
}

static void skip(struct address_parser *p, size_t n)
{
	p->rest = slice_from(p->rest, n);
}

/* -- lexical tokens, RFC 5322 section 3.2 -- */

/* A line end within a value is folding. */
static bool is_fold(char c)
{
	return c == '\r' || c == '\n';
}

/*
 * Text up to an unescaped character of `stops` or the end; what it holds
 * goes to out with escapes removed, when out is not NULL.
 */
static void take_quoted(struct address_parser *p, const char *stops,
                        struct buf *out)
{
	struct slice s = p->rest;
	size_t i = 0;

	for (; i < s.len && (s.ptr[i] == '\0' || !strchr(stops, s.ptr[i]));
	     i++) {
		i += s.ptr[i] == '\\' && i + 1 < s.len;
		if (out != NULL && !is_fold(s.ptr[i]))
			buf_byte(out, s.ptr[i] == '\t' ? ' ' : s.ptr[i]);
	}
	skip(p, i);
}

/* comment = "(" *([FWS] (ctext / quoted-pair / comment)) [FWS] ")" */
static void take_comment(struct address_parser *p)
{
	size_t depth = 1;

	p->comment.len = 0;
	skip(p, 1);
	while (p->rest.len != 0) {
		char c;

		take_quoted(p, "()", &p->comment);
		c = peek(p);
		skip(p, 1);
		if (c == ')' && --depth == 0)
			return;
		depth += c == '(';
		if (c != '\0')
			buf_byte(&p->comment, c);
	}
}

/* CFWS */
static void skip_cfws(struct address_parser *p)
{
	for (;;) {
		if (ascii_is_space(peek(p)))
			skip(p, 1);
		else if (peek(p) == '(')
			take_comment(p);
		else
			return;
		p->space = true;
	}
}

/* Does c end a run of ordinary characters? */
static bool is_special(char c)
{
	return ascii_is_space(c) || (c != '\0' && strchr("(<>,;:@\"", c));
}

static struct slice take_atom(struct address_parser *p)
{
	size_t n = 0;
	struct slice atom;

	while (n < p->rest.len && !is_special(p->rest.ptr[n]))
		n++;
	atom = slice_first(p->rest, n);
	skip(p, n);
	return atom;
}

/* -- a word, as part of a phrase and of an addr-spec -- */

static char last_byte(const struct buf *b)
{
	return b->len != 0 ? b->data[b->len - 1] : '\0';
}

/*
 * Called before a word is added. Within an addr-spec words are joined by
 * "." or "@" (around which obsolete syntax allows white space); a word that
 * stands alone starts the addr-spec anew, behind the domain it is ignored.
 * True when the word belongs to the addr-spec.
 */
static bool begin_word(struct address_parser *p, char first)
{
	bool joined = !p->space || p->spec.len == 0 ||
	              last_byte(&p->spec) == '.' ||
	              last_byte(&p->spec) == '@' || first == '.';
	bool in_spec = joined || p->at == SLICE_NONE;

	if (!joined && in_spec) {
		p->spec.len = 0;
		p->name_len = p->words.len;
	}
	if (p->space && p->words.len != 0)
		buf_byte(&p->words, ' ');
	p->space = false;
	return in_spec;
}

static void take_word(struct address_parser *p)
{
	bool in_spec = begin_word(p, peek(p));
	size_t start = p->words.len;

	if (peek(p) == '"') {
		skip(p, 1);
		take_quoted(p, "\"", &p->words);
		skip(p, 1);
	} else {
		buf_add(&p->words, take_atom(p));
	}
	p->has_name = true;
	if (in_spec)
		buf_add(&p->spec, slice_from(buf_slice(&p->words), start));
}

/* "@", or another special that has no meaning where it stands. */
static void take_special(struct address_parser *p)
{
	char c = peek(p);

	if (c == '@')
		p->at = p->spec.len;
	buf_byte(&p->words, c);
	buf_byte(&p->spec, c);
	skip(p, 1);
	p->space = false;
}

/* -- angle-addr = "<" [obs-route] addr-spec ">" -- */

/* obs-route = *("," / "@" domain) ":" */
static void end_route(struct address_parser *p)
{
	p->route.len = 0;
	buf_add(&p->route, buf_slice(&p->spec));
	p->spec.len = 0;
	p->at = SLICE_NONE;
}

/* One token within the brackets; false at their end. */
static bool angle_token(struct address_parser *p)
{
	bool is_route = p->spec.len != 0 && p->spec.data[0] == '@';
	char c = peek(p);

	if (c == '>' || (c == ',' && !is_route) || p->rest.len == 0)
		return false;
	if (c == '"') {
		skip(p, 1);
		take_quoted(p, "\"", &p->spec);
		skip(p, 1);
	} else if (c == ':' && is_route) {
		end_route(p);
		skip(p, 1);
	} else if (c == '<') {
		skip(p, 1);
	} else if (is_special(c)) {
		if (c == '@')
			p->at = p->spec.len;
		buf_byte(&p->spec, c);
		skip(p, 1);
	} else {
		buf_add(&p->spec, take_atom(p));
	}
	return true;
}

static void take_angle(struct address_parser *p)
{
	p->name_len = p->words.len;
	p->spec.len = 0;
	p->at = SLICE_NONE;
	skip(p, 1);
	do {
		skip_cfws(p);
	} while (angle_token(p));
	if (peek(p) == '>')
		skip(p, 1);
}

/* What stands between ">" and the next address means nothing, except that
 * a comment may be the name. */
static void skip_to_next(struct address_parser *p)
{
	for (;;) {
		skip_cfws(p);
		if (p->rest.len == 0 || peek(p) == ',' || peek(p) == ';' ||
		    peek(p) == '<')
			return;
		if (peek(p) == '"') {
			skip(p, 1);
			take_quoted(p, "\"", NULL);
		}
		skip(p, 1);
	}
}

/* -- results -- */

/* A phrase that is there counts even when empty; a comment does not. */
static void set_name(const struct address_parser *p, bool phrase,
                     struct address *out)
{
	out->has_name = phrase || p->comment.len != 0;
	out->name = phrase ? slice_first(buf_slice(&p->words), p->name_len)
	                   : slice_trim(buf_slice(&p->comment));
}

static bool give_mailbox(const struct address_parser *p, bool phrase,
                         struct address *out)
{
	struct slice spec = buf_slice(&p->spec);

	*out = (struct address){ .kind = ADDRESS_MAILBOX };
	set_name(p, phrase, out);
	out->route = buf_slice(&p->route);
	out->mailbox = slice_first(spec, p->at);
	if (p->at != SLICE_NONE)
		out->host = slice_from(spec, p->at + 1);
	return true;
}

/* What stood before "," or the end, without angle brackets. */
static bool give_bare(struct address_parser *p, struct address *out)
{
	if (p->at == SLICE_NONE && p->name_len != 0) {
		/* several words and no "@": a name without an address */
		p->name_len = p->words.len;
		p->spec.len = 0;
	}
	return give_mailbox(p, p->name_len != 0, out);
}

static bool give_group(struct address_parser *p, enum address_kind kind,
                       struct address *out)
{
	p->in_group = kind == ADDRESS_GROUP;
	*out = (struct address){ .kind = kind };
	if (kind == ADDRESS_GROUP)
		out->mailbox = buf_slice(&p->words);
	return true;
}

static bool is_started(const struct address_parser *p)
{
	return p->spec.len != 0 || p->has_name;
}

static bool give_angle(struct address_parser *p, struct address *out)
{
	take_angle(p);
	skip_to_next(p);
	return give_mailbox(p, p->has_name, out);
}

/*
 * address-list = (address *("," address))
 * group        = display-name ":" [group-list] ";"
 *
 * A separator that ends an address is left for the next call: there ";"
 * ends the group, too.
 */
bool address_next(struct address_parser *p, struct address *out)
{
	start_address(p);
	for (;;) {
		char c;

		skip_cfws(p);
		c = peek(p);
		if (p->rest.len == 0 || c == ',' || c == ';') {
			if (is_started(p))
				return give_bare(p, out);
			if (p->in_group && c != ',') {
				skip(p, 1);
				return give_group(p, ADDRESS_GROUP_END, out);
			}
			if (p->rest.len == 0)
				return false;
			skip(p, 1);
			start_address(p);
		} else if (c == '<') {
			return give_angle(p, out);
		} else if (c == ':' && !p->in_group && p->has_name &&
		           p->at == SLICE_NONE) {
			skip(p, 1);
			return give_group(p, ADDRESS_GROUP, out);
		} else if (is_special(c) && c != '"') {
			take_special(p);
		} else {
			take_word(p);
		}
	}
}
