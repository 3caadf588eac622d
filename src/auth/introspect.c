/*
 * introspect.c -- an issuer is asked about a token: RFC 7662.
 *
 * With the id and the secret of a client of its, by HTTP Basic (RFC 6749
 * section 2.3.1). The secret is read for each question: it may be replaced.
 */
#include <stdio.h>

#include "auth/issuers_internal.h"
#include "auth/outside.h"
#include "base/ascii.h"
#include "base/encode.h"
#include "base/mem.h"

enum { STATUS_OK = 200 };

/* application/x-www-form-urlencoded, with nothing but letters, digits and
 * what RFC 3986 section 2.3 leaves as it is. The room for it is there. */
static void form_encode(struct slice s, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (ascii_is_alpha(s.ptr[i]) || ascii_is_digit(s.ptr[i]) ||
		    slice_find_byte(S("-._~"), s.ptr[i]) != SLICE_NONE) {
			buf_byte(out, s.ptr[i]);
			continue;
		}
		buf_byte(out, '%');
		buf_byte(out, digits[c >> 4]);
		buf_byte(out, digits[c & 15]);
	}
}

/* "Basic ..."; false: there is no secret. */
static bool add_authorization(struct issuers *all, const struct issuer *i,
                              struct buf *out)
{
	struct buf secret = { 0 };
	struct buf both = { 0 };
	struct stat ignored;
	bool there = auth_file_read(all->auth, i->secret, &ignored, &secret);
	struct slice text = slice_trim(buf_slice(&secret));

	there = there && text.len != 0 && text.len <= LIMIT_PASSWORD;
	if (there) {
		buf_room(&both, 3 * (i->client.len + text.len) + 1);
		form_encode(i->client, &both);
		buf_byte(&both, ':');
		form_encode(text, &both);
		buf_room(out, 8 + 2 * both.len);
		buf_add(out, S("Basic "));
		base64_encode(buf_slice(&both), out);
	}
	buf_wipe(&secret);
	buf_wipe(&both);
	return there;
}

static void add_body(struct slice token, struct buf *out)
{
	buf_room(out, 64 + 3 * token.len);
	buf_add(out, S("token_type_hint=access_token&token="));
	form_encode(token, out);
}

static struct err ask(struct issuers *all, const struct issuer *i,
                      struct slice token, struct outside_answer *answer)
{
	struct buf authorization = { 0 };
	struct buf body = { 0 };
	struct err e = err(ERR_UNAVAILABLE, "the file with its secret can't be "
	                                    "read");

	*answer = (struct outside_answer){ 0 };
	if (add_authorization(all, i, &authorization)) {
		add_body(token, &body);
		e = outside_post(
			all->auth,
			&(struct outside_post){
				.url = i->introspect,
				.authorization = buf_slice(&authorization),
				.content_type = S("application/"
		                                  "x-www-form-urlencoded"),
				.body = buf_slice(&body) },
			answer);
	}
	buf_wipe(&authorization);
	buf_wipe(&body);
	return e;
}

/* RFC 7662 section 2.2: `active` is what must be there. */
static struct err read_answer(const struct outside_answer *answer, json_t **out)
{
	json_t *claims = json_foreign(buf_slice(&answer->body));
	bool is_active = json_is_true(json_object_get(claims, "active"));
	bool is_not = json_is_false(json_object_get(claims, "active"));

	if (answer->status == STATUS_OK && is_active) {
		*out = claims;
		return OK;
	}
	json_decref(claims);
	if (answer->status == STATUS_OK && is_not)
		return err(ERR_ABSENT, "the issuer says that the token is not "
		                       "active");
	return err(ERR_UNAVAILABLE, "the issuer's answer is no introspection");
}

static void log_failure(struct issuer_state *s,
                        const struct outside_answer *answer, struct err e)
{
	char text[TOLD_TEXT + 1];

	snprintf(text, sizeof text, "%s",
	         answer->text[0] != '\0' ? answer->text : e.text);
	if (answer->status != 0 && answer->status != STATUS_OK)
		snprintf(text, sizeof text, "HTTP status %u", answer->status);
	issuer_log(LOG_LEVEL_WARN, s, "introspection", slice_cstr(text));
}

struct err introspect(struct issuers *all, struct issuer_state *s,
                      struct slice token, json_t **out)
{
	struct outside_answer answer;
	struct err e = ask(all, &s->is, token, &answer);

	s->problem[0] = '\0';
	if (is_ok(e)) {
		issuer_date(s, &answer);
		e = read_answer(&answer, out);
	}
	if (!is_ok(e) && e.code != ERR_ABSENT) {
		log_failure(s, &answer, e);
		e = err(ERR_UNAVAILABLE, "the issuer can't be asked");
	}
	outside_answer_free(&answer);
	return e;
}
