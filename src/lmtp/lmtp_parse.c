/* lmtp_parse.c -- verbs, paths and parameters. */
#include "lmtp/lmtp_parse.h"

#include "base/ascii.h"
#include "base/limits.h"
#include "base/unicode.h"

static const char bad_path[] = "501 5.1.7 that is no address in <>";

static struct slice skip_spaces(struct slice s)
{
	while (s.len != 0 && s.ptr[0] == ' ')
		s = slice_from(s, 1);
	return s;
}

/* The byte behind the path's ">", or SLICE_NONE. A quoted local part may
 * hold what would else end it. */
static size_t path_end(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (ascii_is_ctl(c) || (c == ' ' && !quoted))
			return SLICE_NONE;
		if (c == '\\' && quoted)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '>' && !quoted)
			return i + 1;
		else if (c == '<' && !quoted && i != 0)
			return SLICE_NONE;
	}
	return SLICE_NONE;
}

/* Path = "<" [ A-d-l ":" ] Mailbox ">"; the route means nothing any more,
 * RFC 5321 appendix C. */
static const char *parse_path(struct slice *rest, struct slice *path)
{
	struct slice s = skip_spaces(*rest);
	size_t end = path_end(s);
	size_t colon;

	if (end == SLICE_NONE || s.ptr[0] != '<')
		return bad_path;
	*path = slice_from(slice_first(s, end - 1), 1);
	*rest = slice_from(s, end);
	colon = slice_find_byte(*path, ':');
	if (slice_starts(*path, S("@"))) {
		if (colon == SLICE_NONE)
			return bad_path;
		*path = slice_from(*path, colon + 1);
	}
	if (path->len > LIMIT_LMTP_PATH)
		return "501 5.1.7 the address is too long";
	return utf8_is_valid(*path) ? NULL : bad_path;
}

static const char *parse_size(struct slice value, struct lmtp_command *out)
{
	/* RFC 1870 section 6: up to 20 digits */
	return value.len <= 20 && slice_number(value, &out->size)
	               ? NULL
	               : "501 5.5.4 SIZE wants a number";
}

static const char *parse_body(struct slice value, struct lmtp_command *out)
{
	(void)out;
	return slice_ieq(value, S("7BIT")) || slice_ieq(value, S("8BITMIME"))
	               ? NULL
	               : "501 5.5.4 BODY is 7BIT or 8BITMIME";
}

static const char *parse_smtputf8(struct slice value, struct lmtp_command *out)
{
	out->smtputf8 = true;
	return value.len == 0 ? NULL : "501 5.5.4 SMTPUTF8 has no value";
}

/* Delivery status notifications are the MTA's; it may tell us of them. */
static const char *ignore(struct slice value, struct lmtp_command *out)
{
	(void)value;
	(void)out;
	return NULL;
}

static const struct parameter {
	enum lmtp_verb verb;
	struct slice name;
	const char *(*parse)(struct slice value, struct lmtp_command *);
} parameters[] = {
	{ LMTP_MAIL, { "SIZE", 4 }, parse_size },
	{ LMTP_MAIL, { "BODY", 4 }, parse_body },
	{ LMTP_MAIL, { "SMTPUTF8", 8 }, parse_smtputf8 },
	{ LMTP_MAIL, { "AUTH", 4 }, ignore },
	{ LMTP_MAIL, { "RET", 3 }, ignore },
	{ LMTP_MAIL, { "ENVID", 5 }, ignore },
	{ LMTP_RCPT, { "NOTIFY", 6 }, ignore },
	{ LMTP_RCPT, { "ORCPT", 5 }, ignore },
};

static const char *parse_parameter(struct slice word, struct lmtp_command *out)
{
	struct slice name;
	struct slice value;

	slice_cut(word, '=', &name, &value);
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		const struct parameter *p = &parameters[i];

		if (p->verb == out->verb && slice_ieq(p->name, name))
			return p->parse(value, out);
	}
	return "555 5.5.4 that parameter is not known here";
}

static const char *parse_parameters(struct slice rest, struct lmtp_command *out)
{
	if (rest.len != 0 && rest.ptr[0] != ' ')
		return bad_path;
	for (rest = skip_spaces(rest); rest.len != 0;
	     rest = skip_spaces(rest)) {
		struct slice word;
		const char *refused;

		slice_cut(rest, ' ', &word, &rest);
		refused = parse_parameter(word, out);
		if (refused != NULL)
			return refused;
	}
	return NULL;
}

static const char *parse_mail_or_rcpt(struct slice rest, struct slice word,
                                      struct lmtp_command *out)
{
	const char *refused;

	if (!slice_istarts(rest, word))
		return "501 5.5.4 MAIL wants FROM:<...>, RCPT wants TO:<...>";
	rest = slice_from(rest, word.len);
	refused = parse_path(&rest, &out->path);
	if (refused == NULL)
		refused = parse_parameters(rest, out);
	return refused;
}

static const char *parse_mail(struct slice rest, struct lmtp_command *out)
{
	return parse_mail_or_rcpt(rest, S("FROM:"), out);
}

static const char *parse_rcpt(struct slice rest, struct lmtp_command *out)
{
	const char *refused = parse_mail_or_rcpt(rest, S("TO:"), out);

	return refused == NULL && out->path.len == 0 ? bad_path : refused;
}

static const char *parse_some(struct slice rest, struct lmtp_command *out)
{
	(void)out;
	return rest.len != 0 ? NULL : "501 5.5.4 it needs an argument";
}

static const char *parse_none(struct slice rest, struct lmtp_command *out)
{
	(void)out;
	return rest.len == 0 ? NULL : "501 5.5.4 it takes no argument";
}

static const char *parse_any(struct slice rest, struct lmtp_command *out)
{
	(void)rest;
	(void)out;
	return NULL;
}

static const struct verb {
	struct slice name;
	enum lmtp_verb verb;
	const char *(*parse)(struct slice rest, struct lmtp_command *);
} verbs[] = {
	{ { "LHLO", 4 }, LMTP_LHLO, parse_some },
	{ { "MAIL", 4 }, LMTP_MAIL, parse_mail },
	{ { "RCPT", 4 }, LMTP_RCPT, parse_rcpt },
	{ { "DATA", 4 }, LMTP_DATA, parse_none },
	{ { "RSET", 4 }, LMTP_RSET, parse_none },
	{ { "NOOP", 4 }, LMTP_NOOP, parse_any },
	{ { "VRFY", 4 }, LMTP_VRFY, parse_some },
	{ { "QUIT", 4 }, LMTP_QUIT, parse_none },
};

const char *lmtp_parse(struct slice line, struct lmtp_command *out)
{
	struct slice name;
	struct slice rest;

	*out = (struct lmtp_command){ 0 };
	if (slice_find_byte(line, '\0') != SLICE_NONE ||
	    slice_find_byte(line, '\r') != SLICE_NONE ||
	    slice_find_byte(line, '\n') != SLICE_NONE)
		return "500 5.5.2 a line ends in CRLF and holds text only";
	slice_cut(slice_trim(line), ' ', &name, &rest);
	rest = skip_spaces(rest);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (!slice_ieq(name, verbs[i].name))
			continue;
		out->verb = verbs[i].verb;
		return verbs[i].parse(rest, out);
	}
	if (slice_ieq(name, S("HELO")) || slice_ieq(name, S("EHLO")))
		return "500 5.5.1 this is LMTP, say LHLO";
	return "500 5.5.1 unknown command";
}

size_t lmtp_unquote(struct slice path, char *to)
{
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] == '"') {
			quoted = !quoted;
			continue;
		}
		if (path.ptr[i] == '\\' && quoted && i + 1 < path.len)
			i++;
		to[n++] = path.ptr[i];
	}
	return n;
}
