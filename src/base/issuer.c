/* issuer.c -- words behind a URL, by a table. */
#include "base/issuer.h"

#include <stddef.h>

#include "base/ascii.h"
#include "base/network.h"

enum { URL_MOST = 2048 };

enum form { FORM_TEXT, FORM_URL, FORM_FILE, FORM_KEYS };

struct word {
	struct slice name;
	size_t offset;
	enum form form;
};

#define WORD(name, field, form)                                             \
	{                                                                   \
		{ name, sizeof(name) - 1 }, offsetof(struct issuer, field), \
			form                                                \
	}

static const struct word words[] = {
	WORD("audience", audience, FORM_TEXT),
	WORD("scope", scope, FORM_TEXT),
	WORD("name", claim, FORM_TEXT),
	WORD("domain", domain, FORM_TEXT),
	WORD("keys", keys, FORM_KEYS),
	WORD("introspect", introspect, FORM_URL),
	WORD("client", client, FORM_TEXT),
	WORD("secret", secret, FORM_FILE),
};

static struct slice *field_of(struct issuer *i, const struct word *w)
{
	return (struct slice *)((char *)i + w->offset);
}

/* -- forms -- */

static bool is_local(struct slice host)
{
	static const char *const local[] = { "127.0.0.1", "[::1]",
		                             "localhost" };

	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		if (slice_ieq(host, slice_cstr(local[i])))
			return true;
	return false;
}

/* Up to the path or the query. */
static struct slice authority_of(struct slice s)
{
	s = slice_first(s, slice_find_byte(s, '/'));
	return slice_first(s, slice_find_byte(s, '?'));
}

struct slice issuer_site(struct slice url)
{
	size_t at = slice_find(url, S("://"));

	if (at == SLICE_NONE)
		return url;
	at += 3;
	return slice_first(url, at + authority_of(slice_from(url, at)).len);
}

/* Up to the port; in brackets there are colons. */
static struct slice host_of(struct slice authority)
{
	size_t end;

	if (!slice_starts(authority, S("[")))
		return slice_first(authority, slice_find_byte(authority, ':'));
	end = slice_find_byte(authority, ']');
	return slice_first(authority, end != SLICE_NONE ? end + 1 : 0);
}

static bool is_host(struct slice s)
{
	struct network ignored;

	if (slice_starts(s, S("[")))
		return slice_find_byte(s, '/') == SLICE_NONE &&
		       network_parse(slice_of(s.ptr + 1, s.len - 2), &ignored);
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.ptr[i]) && !ascii_is_digit(s.ptr[i]) &&
		    slice_find_byte(S("-._"), s.ptr[i]) == SLICE_NONE)
			return false;
	return s.len != 0;
}

/* "", or ":443" */
static bool is_port(struct slice s)
{
	uint64_t n;

	return s.len == 0 ||
	       (s.ptr[0] == ':' && slice_number(slice_from(s, 1), &n) &&
	        n != 0 && n <= UINT16_MAX);
}

/* Printable ASCII without these. */
static bool has_none_of(struct slice s, struct slice foreign)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_ctl(s.ptr[i]) || (s.ptr[i] & 0x80) != 0 ||
		    slice_find_byte(foreign, s.ptr[i]) != SLICE_NONE)
			return false;
	return true;
}

bool issuer_is_url(struct slice s)
{
	bool is_tls = slice_starts(s, S("https://"));
	struct slice authority, host;

	if ((!is_tls && !slice_starts(s, S("http://"))) || s.len > URL_MOST ||
	    !has_none_of(s, S(" \"\\#@")))
		return false;
	authority = authority_of(slice_from(s, is_tls ? 8 : 7));
	host = host_of(authority);
	return is_host(host) && is_port(slice_from(authority, host.len)) &&
	       (is_tls || is_local(host));
}

static bool is_file_name(struct slice s)
{
	return s.ptr[0] != '.' && slice_find_byte(s, '/') == SLICE_NONE;
}

static bool has_form(struct slice s, enum form form)
{
	switch (form) {
	case FORM_URL:
		return issuer_is_url(s);
	case FORM_FILE:
		return is_file_name(s);
	case FORM_KEYS:
		return issuer_is_url(s) || is_file_name(s);
	case FORM_TEXT:
		return has_none_of(s, S("\"\\"));
	}
	return false;
}

/* -- words -- */

static const char *set_word(struct issuer *out, struct slice text)
{
	struct slice name, value;

	if (!slice_cut(text, '=', &name, &value) || value.len == 0)
		return "needs NAME=VALUE behind the issuer's URL";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct slice *field = field_of(out, &words[i]);

		if (!slice_eq(words[i].name, name))
			continue;
		if (field->len != 0)
			return "has a word twice for an issuer";
		if (!has_form(value, words[i].form))
			return "needs https://HOST/..., or the name of a file "
			       "in auth/";
		*field = value;
		return NULL;
	}
	return "has an unknown word behind an issuer's URL";
}

/* Without an audience any client of the issuer's could read mail with the
 * token that was made for it: RFC 8725 section 3.9. */
static const char *problem_of(const struct issuer *i)
{
	bool is_asked = i->introspect.len != 0;

	if (!issuer_is_url(i->url))
		return "needs https:// in front of an issuer";
	if (i->audience.len == 0 && (!is_asked || i->scope.len == 0))
		return "needs audience= for each issuer";
	if (is_asked && i->keys.len != 0)
		return "needs keys= or introspect=, not both";
	if (is_asked && (i->client.len == 0 || i->secret.len == 0))
		return "needs client= and secret= with introspect=";
	if (!is_asked && (i->client.len != 0 || i->secret.len != 0))
		return "needs introspect= with client= and secret=";
	return NULL;
}

const char *issuer_parse(struct slice text, struct issuer *out)
{
	struct slice word, rest;
	const char *problem;

	*out = (struct issuer){ 0 };
	slice_cut(slice_trim(text), ' ', &out->url, &rest);
	for (rest = slice_trim(rest); rest.len != 0; rest = slice_trim(rest)) {
		slice_cut(rest, ' ', &word, &rest);
		problem = set_word(out, word);
		if (problem != NULL)
			return problem;
	}
	if (out->claim.len == 0)
		out->claim = S("email");
	return problem_of(out);
}

bool issuer_has(struct slice list, struct slice one)
{
	struct slice head;
	bool more = list.len != 0;

	while (more) {
		more = slice_cut(list, '|', &head, &list);
		if (slice_eq(head, one))
			return true;
	}
	return false;
}

void issuer_discovery(const struct issuer *i, struct buf *out)
{
	struct slice url = i->url;

	while (slice_ends(url, S("/")))
		url.len--;
	buf_add(out, url);
	buf_add(out, S("/.well-known/openid-configuration"));
}

bool issuer_is_asked(const struct issuer *i)
{
	return i->introspect.len != 0 || i->keys.len == 0 ||
	       issuer_is_url(i->keys);
}
