/*
 * token.c -- log-in with a token. A client's message that parses, written
 * anew, parses to the same. Of JWTs only what was once signed with a key that
 * nobody has any more is verified. Claims that pass say who, from whom and
 * until when.
 */
#include <stdint.h>
#include <stdlib.h>

#include "directory/name.h"
#include "token/claims.h"
#include "token/jwks.h"
#include "token/jwt.h"
#include "token/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* clang-format off */
static const char keys[] =
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"f\",\"x\":"
	"\"ViPkWXAMR5VyZ4hVTTvbeYrXWDnBCqLf5d3TPYaV4UI\"}]}";

static const char was_signed[] =
	"eyJhbGciOiJFZERTQSIsImtpZCI6ImYifQ.eyJpc3MiOiJodHRwczovL2lkLmV4Y"
	"W1wbGUub3JnIiwiYXVkIjoicm9vc3QiLCJleHAiOjIwMDAwMDAwMDAsImVtYWlsI"
	"joiYW5uQGV4YW1wbGUub3JnIn0";
/* clang-format on */

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* -- messages -- */

static void write_user(enum sasl m, struct slice user, struct buf *out)
{
	if (m == SASL_XOAUTH2) {
		buf_add(out, S("user="));
		buf_add(out, user);
		return;
	}
	buf_add(out, user.len != 0 ? S("n,a=") : S("n,"));
	for (size_t i = 0; i < user.len; i++) {
		if (user.ptr[i] == ',')
			buf_add(out, S("=2C"));
		else if (user.ptr[i] == '=')
			buf_add(out, S("=3D"));
		else
			buf_byte(out, user.ptr[i]);
	}
	buf_byte(out, ',');
}

static void try_message(enum sasl m, struct slice in)
{
	struct token_message one, two;
	struct buf again = { 0 };

	if (token_message_parse(m, in, &one) != NULL)
		return;
	write_user(m, buf_slice(&one.user), &again);
	buf_add(&again, S("\1auth=Bearer "));
	buf_add(&again, one.token);
	buf_add(&again, S("\1\1"));
	must(token_message_parse(m, buf_slice(&again), &two) == NULL);
	must(slice_eq(buf_slice(&one.user), buf_slice(&two.user)));
	must(slice_eq(one.token, two.token));
	buf_free(&one.user);
	buf_free(&two.user);
	buf_free(&again);
}

/* -- tokens -- */

static void try_token(struct slice in)
{
	struct jwks *set = jwks_parse(slice_cstr(keys));
	struct jwt t;

	must(set != NULL && jwks_count(set) == 1);
	if (jwt_open(in, &t) == NULL) {
		if (jwks_verify(set, t.algorithm, t.key, t.input,
		                buf_slice(&t.signature)) == JWS_GOOD)
			must(slice_eq(t.input, slice_cstr(was_signed)));
		jwt_close(&t);
	}
	jwks_free(set);
}

static void try_keys(struct slice in)
{
	static const char *const algorithms[] = { "RS256", "PS256", "ES256",
		                                  "ES384", "EdDSA" };
	struct jwks *set = jwks_parse(in);

	if (set == NULL)
		return;
	must(jwks_count(set) <= JWKS_MOST);
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		must(jwks_verify(set, slice_cstr(algorithms[i]), S(""), in,
		                 slice_first(in, 64)) != JWS_GOOD);
	jwks_free(set);
}

/* -- claims -- */

/* clang-format off */
static const char *const issuers[] = {
	"https://id.example.org audience=roost domain=example.org",
	"https://id.example.org audience=roost|mail scope=imap name=upn",
	"https://id.example.org audience=a introspect=https://b client=c secret=d",
};
/* clang-format on */

static void check_claims(const json_t *claims, const struct issuer *i,
                         bool is_jwt)
{
	struct claims_moment moment = { .now_s = 1700000000, .skew_s = 60 };
	struct buf name = { 0 };

	if (is_ok(claims_check(claims, i, is_jwt, moment, NULL))) {
		must(!is_jwt || slice_eq(json_text(claims, "iss"), i->url));
		must(claims_end(claims) > moment.now_s - moment.skew_s);
		must(!is_jwt || claims_end(claims) != INT64_MAX);
	}
	if (is_ok(claims_name(claims, i, &name)) && i->domain.len != 0)
		must(slice_ieq(user_name_domain(buf_slice(&name)), i->domain));
	buf_free(&name);
}

static void try_claims(struct slice in)
{
	json_t *claims = json_foreign(in);
	struct issuer issuer;

	for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++) {
		must(issuer_parse(slice_cstr(issuers[i]), &issuer) == NULL);
		if (claims == NULL)
			continue;
		check_claims(claims, &issuer, true);
		check_claims(claims, &issuer, false);
	}
	json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(slice_of(data, size), 1);

	switch (size != 0 ? data[0] : UINT8_MAX) {
	case 0:
		try_message(SASL_OAUTHBEARER, in);
		break;
	case 1:
		try_message(SASL_XOAUTH2, in);
		break;
	case 2:
		try_token(in);
		break;
	case 3:
		try_keys(in);
		break;
	case 4:
		try_claims(in);
		break;
	}
	return 0;
}
