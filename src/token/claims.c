/* claims.c -- each claim that we know, one after the other. */
#include "token/claims.h"

#include "directory/name.h"

static struct err bad(const char *text)
{
	return err(ERR_AUTHENTICATIONFAILED, text);
}

/* -- times -- */

/* Of both clocks, and far from what arithmetic can't hold. */
static const double time_most = 1e11;

/* NumericDate may have a fraction. False: there is something else. */
static bool has_time(const json_t *claims, const char *name, int64_t absent,
                     int64_t *out)
{
	const json_t *value = json_object_get(claims, name);
	double seconds = json_number_value(value);

	*out = absent;
	if (value == NULL)
		return true;
	if (!json_is_number(value) || !(seconds >= 0 && seconds < time_most))
		return false;
	*out = (int64_t)seconds;
	return true;
}

int64_t claims_end(const json_t *claims)
{
	int64_t end;

	return has_time(claims, "exp", INT64_MAX, &end) ? end : 0;
}

static struct err check_times(const json_t *claims, const struct issuer *i,
                              bool is_jwt, struct claims_moment m)
{
	int64_t end, from, issued;

	(void)i;
	if (!has_time(claims, "exp", INT64_MAX, &end) ||
	    !has_time(claims, "nbf", 0, &from) ||
	    !has_time(claims, "iat", 0, &issued))
		return bad("the token has a time that is none");
	if (is_jwt && end == INT64_MAX)
		return bad("the token never expires");
	if (end != INT64_MAX && end + m.skew_s <= m.now_s)
		return err(ERR_EXPIRED, "the token has expired");
	if (from > m.now_s + m.skew_s)
		return bad("the token is not good yet");
	if (issued > m.now_s + m.skew_s)
		return bad("the token was issued in the future");
	return OK;
}

/* -- from whom, for whom -- */

static struct err check_issuer(const json_t *claims, const struct issuer *i,
                               bool is_jwt, struct claims_moment m)
{
	(void)m;
	if (!is_jwt && json_object_get(claims, "iss") == NULL)
		return OK;
	return slice_eq(json_text(claims, "iss"), i->url)
	               ? OK
	               : bad("the token is another issuer's");
}

/* Empty: it is no string. */
static struct slice text_of(const json_t *value)
{
	if (!json_is_string(value))
		return S("");
	return slice_of(json_string_value(value), json_string_length(value));
}

static bool is_among(struct slice list, const json_t *one)
{
	return json_is_string(one) && issuer_has(list, text_of(one));
}

/* A string, or several: RFC 7519 section 4.1.3 */
static struct err check_audience(const json_t *claims, const struct issuer *i,
                                 bool is_jwt, struct claims_moment m)
{
	const json_t *aud = json_object_get(claims, "aud");

	(void)is_jwt;
	(void)m;
	if (i->audience.len == 0 || is_among(i->audience, aud))
		return OK;
	for (size_t n = 0; n < json_array_size(aud); n++)
		if (is_among(i->audience, json_array_get(aud, n)))
			return OK;
	return bad("the token is for another audience");
}

/* -- what for -- */

static bool has_word(struct slice text, struct slice word)
{
	struct slice head;
	bool more = true;

	while (more) {
		more = slice_cut(text, ' ', &head, &text);
		if (slice_eq(head, word))
			return true;
	}
	return false;
}

/* `scope` is a string of words (RFC 8693 section 4.2); some issuers have an
 * array, or call it `scp`. */
static bool has_scope(const json_t *claims, const char *name,
                      struct slice scope)
{
	const json_t *array = json_object_get(claims, name);

	for (size_t i = 0; i < json_array_size(array); i++)
		if (slice_eq(text_of(json_array_get(array, i)), scope))
			return true;
	return has_word(json_text(claims, name), scope);
}

static struct err check_scope(const json_t *claims, const struct issuer *i,
                              bool is_jwt, struct claims_moment m)
{
	(void)is_jwt;
	(void)m;
	if (i->scope.len == 0 || has_scope(claims, "scope", i->scope) ||
	    has_scope(claims, "scp", i->scope))
		return OK;
	return err(ERR_NOPERM, "the token lacks the scope");
}

/* RFC 7800: good only with a proof that no mail client brings */
static struct err check_binding(const json_t *claims, const struct issuer *i,
                                bool is_jwt, struct claims_moment m)
{
	(void)i;
	(void)is_jwt;
	(void)m;
	return json_object_get(claims, "cnf") == NULL
	               ? OK
	               : bad("the token is bound to a key of its client");
}

static const struct {
	const char *what;
	struct err (*check)(const json_t *, const struct issuer *, bool is_jwt,
	                    struct claims_moment);
} checks[] = {
	{ "issuer", check_issuer },   { "audience", check_audience },
	{ "times", check_times },     { "scope", check_scope },
	{ "binding", check_binding },
};

struct err claims_check(const json_t *claims, const struct issuer *i,
                        bool is_jwt, struct claims_moment m,
                        const struct claims_watch *w)
{
	struct err e = OK;

	for (size_t n = 0; is_ok(e) && n < sizeof checks / sizeof *checks;
	     n++) {
		e = checks[n].check(claims, i, is_jwt, m);
		if (w != NULL)
			w->saw(w->arg, checks[n].what, e);
	}
	return e;
}

/* -- whose -- */

/* Some issuers let anybody claim any address. */
static bool is_unverified(const json_t *claims, const struct issuer *i)
{
	const json_t *verified = json_object_get(claims, "email_verified");

	return slice_eq(i->claim, S("email")) && verified != NULL &&
	       !json_is_true(verified) &&
	       !slice_eq(json_text(claims, "email_verified"), S("true"));
}

static bool is_in(struct slice name, struct slice domains)
{
	struct slice head;
	bool more = true;

	while (more) {
		more = slice_cut(domains, '|', &head, &domains);
		if (slice_ieq(user_name_domain(name), head))
			return true;
	}
	return false;
}

struct err claims_name(const json_t *claims, const struct issuer *i,
                       struct buf *out)
{
	struct slice name =
		text_of(json_object_getn(claims, i->claim.ptr, i->claim.len));
	struct slice first, rest;

	if (name.len == 0)
		return bad("the token does not say whose it is");
	if (is_unverified(claims, i))
		return bad("the token's address has not been verified");
	buf_add(out, name);
	if (i->domain.len == 0)
		return OK;
	if (slice_find_byte(name, '@') == SLICE_NONE) {
		slice_cut(i->domain, '|', &first, &rest);
		buf_byte(out, '@');
		buf_add(out, first);
	}
	return is_in(buf_slice(out), i->domain)
	               ? OK
	               : bad("the token is for a domain that its issuer has "
	                     "no say in");
}
