/* jwt_test.c -- signatures of every algorithm, and every way to be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "edge.h"
#include "token/jwks.h"
#include "token/jwt.h"
#include "token/signer.h"

static const char *const algorithms[] = {
	"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"
};

#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

static struct jwks *set_of(const char *text)
{
	struct jwks *set = jwks_parse(slice_cstr(text));

	assert_non_null(set);
	return set;
}

static struct jwks *keys_of(const struct signer *s, size_t n)
{
	struct buf text = { 0 };
	struct jwks *set;

	signer_set(s, n, &text);
	set = jwks_parse(buf_slice(&text));
	assert_non_null(set);
	buf_free(&text);
	return set;
}

/* JWS_ALGORITHM for what doesn't even open, too. */
static enum jws_answer answer(const struct jwks *set, struct slice token)
{
	struct edge e = edge_new(token);
	enum jws_answer a = JWS_ALGORITHM;
	struct jwt t;

	if (jwt_open(e.text, &t) == NULL) {
		a = jwks_verify(set, t.algorithm, t.key, t.input,
		                buf_slice(&t.signature));
		jwt_close(&t);
	}
	edge_free(&e);
	return a;
}

static void test_algorithms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		struct signer s[2] = { signer_new(algorithms[i], "one"),
			               signer_new(algorithms[i], "two") };
		struct jwks *both = keys_of(s, 2);
		struct jwks *first = keys_of(s, 1);
		struct buf token = { 0 };

		assert_int_equal(jwks_count(both), 2);
		signer_claims(&s[1], "{\"a\":1}", &token);
		assert_int_equal(answer(both, buf_slice(&token)), JWS_GOOD);
		assert_int_equal(answer(first, buf_slice(&token)), JWS_NO_KEY);
		/* any other octet */
		for (size_t at = 0; at < token.len; at += 7) {
			token.data[at] ^= 1;
			assert_int_not_equal(answer(both, buf_slice(&token)),
			                     JWS_GOOD);
			token.data[at] ^= 1;
		}
		/* the other key, under this one's name */
		s[0].kid = "two";
		token.len = 0;
		signer_claims(&s[0], "{\"a\":1}", &token);
		assert_int_equal(answer(both, buf_slice(&token)), JWS_WRONG);
		buf_free(&token);
		jwks_free(both);
		jwks_free(first);
		signer_free(&s[0]);
		signer_free(&s[1]);
	}
}

/* Each algorithm only with a key that is for it. */
static void test_confusion(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		struct signer s = signer_new(algorithms[i], "k");
		struct jwks *set = keys_of(&s, 1);
		struct buf token = { 0 };

		for (size_t j = 0; j < ALGORITHMS; j++) {
			struct buf header = { 0 };

			if (j == i || (i > 5 && j > 5))
				continue; /* EdDSA is Ed25519 */
			buf_printf(&header, "{\"alg\":\"%s\",\"kid\":\"k\"}",
			           algorithms[j]);
			buf_byte(&header, '\0');
			token.len = 0;
			signer_token(&s, header.data, "{}", &token);
			assert_int_not_equal(answer(set, buf_slice(&token)),
			                     JWS_GOOD);
			buf_free(&header);
		}
		buf_free(&token);
		jwks_free(set);
		signer_free(&s);
	}
}

static void unsigned_token(const char *header, struct slice signature,
                           struct buf *out)
{
	out->len = 0;
	base64url(slice_cstr(header), out);
	buf_byte(out, '.');
	base64url(S("{}"), out);
	buf_byte(out, '.');
	base64url(signature, out);
}

/* "none" in any case, and an HMAC with the public key as its secret. */
static void test_no_signature(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\",\"kid\":\"k\"}",
		"{\"alg\":\"None\"}",
		"{\"alg\":\"\"}",
		"{\"kid\":\"k\"}",
		"{\"alg\":null}",
		"{\"alg\":[\"RS256\"]}",
	};
	struct signer s = signer_new("RS256", "k");
	struct jwks *set = keys_of(&s, 1);
	struct buf token = { 0 };
	struct buf jwk = { 0 };
	unsigned char mac[32];
	unsigned int size;

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		unsigned_token(headers[i], S(""), &token);
		assert_int_equal(answer(set, buf_slice(&token)), JWS_ALGORITHM);
		unsigned_token(headers[i], S("x"), &token);
		assert_int_equal(answer(set, buf_slice(&token)), JWS_ALGORITHM);
	}
	signer_jwk(&s, "", &jwk);
	unsigned_token("{\"alg\":\"HS256\",\"kid\":\"k\"}", S(""), &token);
	assert_non_null(HMAC(EVP_sha256(), jwk.data, (int)jwk.len,
	                     (unsigned char *)token.data, token.len - 1, mac,
	                     &size));
	base64url(slice_of(mac, size), &token);
	assert_int_equal(answer(set, buf_slice(&token)), JWS_ALGORITHM);
	unsigned_token("{\"alg\":\"RS256\",\"kid\":\"k\"}", S(""), &token);
	assert_int_equal(answer(set, buf_slice(&token)), JWS_WRONG);
	buf_free(&token);
	buf_free(&jwk);
	jwks_free(set);
	signer_free(&s);
}

/* The octets of a signature of ES256 that holds for anything: r = s = 0. */
static void test_zero_signature(void **state)
{
	static const char zeroes[96];
	struct signer s = signer_new("ES256", "k");
	struct jwks *set = keys_of(&s, 1);
	struct buf token = { 0 };

	(void)state;
	for (size_t len = 1; len <= sizeof zeroes; len++) {
		unsigned_token("{\"alg\":\"ES256\",\"kid\":\"k\"}",
		               slice_of(zeroes, len), &token);
		assert_int_equal(answer(set, buf_slice(&token)), JWS_WRONG);
	}
	buf_free(&token);
	jwks_free(set);
	signer_free(&s);
}

/* Without a name the only key that fits is meant, of several none. */
static void test_no_kid(void **state)
{
	struct signer s[3] = { signer_new("ES256", "a"),
		               signer_new("EdDSA", "b"),
		               signer_new("ES256", "c") };
	struct jwks *two = keys_of(s, 2);
	struct jwks *three = keys_of(s, 3);
	struct signer nameless = { "ES256", NULL, s[0].pkey };
	struct buf token = { 0 };

	(void)state;
	signer_claims(&nameless, "{}", &token);
	assert_int_equal(answer(two, buf_slice(&token)), JWS_GOOD);
	assert_int_equal(answer(three, buf_slice(&token)), JWS_NO_KEY);
	buf_free(&token);
	jwks_free(two);
	jwks_free(three);
	for (size_t i = 0; i < 3; i++)
		signer_free(&s[i]);
}

/* Keys for something else are none, and what we can't read is left out. */
static void test_sets(void **state)
{
	static const char *const none[] = {
		"",
		"[]",
		"{}",
		"{\"keys\":{}}",
		"{\"keys\":[],\"keys\":[]}",
		"{\"keys\":[]",
		"{\"keys\":[[[[[[[[[]]]]]]]]]}",
	};
	static const char *const empty[] = {
		"{\"keys\":[]}",
		"{\"keys\":[null,1,\"x\",{},[]]}",
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}]}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]"
		"}",
		"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":"
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
		/* no point of the curve */
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\","
		"\"y\":\"AA\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_null(jwks_parse(slice_cstr(none[i])));
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		struct jwks *set = set_of(empty[i]);

		assert_int_equal(jwks_count(set), 0);
		jwks_free(set);
	}
}

static size_t count_with(const char *alg, const char *more)
{
	struct signer s = signer_new(alg, "k");
	struct buf text = { 0 };
	struct jwks *set;
	size_t n;

	buf_add(&text, S("{\"keys\":["));
	signer_jwk(&s, more, &text);
	buf_add(&text, S("]}"));
	set = jwks_parse(buf_slice(&text));
	assert_non_null(set);
	n = jwks_count(set);
	jwks_free(set);
	buf_free(&text);
	signer_free(&s);
	return n;
}

static void test_uses(void **state)
{
	(void)state;
	assert_int_equal(count_with("ES256", ",\"use\":\"sig\""), 1);
	assert_int_equal(count_with("ES256", ",\"use\":\"enc\""), 0);
	assert_int_equal(count_with("RS256", ",\"alg\":\"RS256\""), 1);
}

/* A key that is for one algorithm is for no other. */
static void test_alg_of_key(void **state)
{
	struct signer s = signer_new("RS256", "k");
	struct buf text = { 0 };
	struct buf token = { 0 };
	struct jwks *set;

	(void)state;
	buf_add(&text, S("{\"keys\":["));
	signer_jwk(&s, ",\"alg\":\"PS256\"", &text);
	buf_add(&text, S("]}"));
	set = jwks_parse(buf_slice(&text));
	signer_claims(&s, "{}", &token);
	assert_int_equal(answer(set, buf_slice(&token)), JWS_NO_KEY);
	s.alg = "PS256";
	token.len = 0;
	signer_claims(&s, "{}", &token);
	assert_int_equal(answer(set, buf_slice(&token)), JWS_GOOD);
	jwks_free(set);
	buf_free(&text);
	buf_free(&token);
	signer_free(&s);
}

static void test_weak_rsa(void **state)
{
	struct signer s = { "RS256", "k", NULL };
	struct jwks *set;

	(void)state;
	s.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	set = keys_of(&s, 1);
	assert_int_equal(jwks_count(set), 0);
	jwks_free(set);
	signer_free(&s);
}

static void test_many(void **state)
{
	struct signer s = signer_new("EdDSA", "k");
	struct buf text = { 0 };
	struct jwks *set;

	(void)state;
	buf_add(&text, S("{\"keys\":["));
	for (int i = 0; i <= JWKS_MOST; i++) {
		signer_jwk(&s, "", &text);
		if (i != JWKS_MOST)
			buf_byte(&text, ',');
	}
	buf_add(&text, S("]}"));
	set = jwks_parse(buf_slice(&text));
	assert_int_equal(jwks_count(set), JWKS_MOST);
	jwks_free(set);
	buf_free(&text);
	signer_free(&s);
}

static const char *problem(const char *token)
{
	struct edge e = edge_new(slice_cstr(token));
	struct jwt t;
	const char *text = jwt_open(e.text, &t);

	if (text == NULL)
		jwt_close(&t);
	edge_free(&e);
	return text;
}

static const char *problem_of_header(const char *header)
{
	struct buf token = { 0 };
	const char *text;

	unsigned_token(header, S("x"), &token);
	buf_byte(&token, '\0');
	text = problem(token.data);
	buf_free(&token);
	return text;
}

static void test_forms(void **state)
{
	static const char *const wrong[] = {
		"",
		".",
		"..",
		"...",
		"a.b.c",
		"e30.e30",
		"e30.e30.AA.AA",
		"e30=.e30.AA",
		"e30.e3 0.AA",
		"e30.e30.A",
		"W10.e30.AA",
		"e30.W10.AA",
		"e31.e30.AA",
		"e30.e30.AA=",
		"e30.e30.A+A",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_non_null(problem(wrong[i]));
	assert_null(problem("e30.e30.AA"));
	assert_null(problem("e30.e30."));
	assert_null(problem_of_header("{\"typ\":\"JWT\"}"));
	assert_null(problem_of_header("{\"typ\":\"application/at+jwt\"}"));
	assert_non_null(problem_of_header("{\"typ\":\"logout+jwt\"}"));
	assert_non_null(problem_of_header("{\"typ\":1}"));
	assert_non_null(problem_of_header("{\"crit\":[\"b64\"]}"));
	assert_non_null(problem_of_header("{\"a\":[[[[[[[[]]]]]]]]}"));
	assert_null(problem_of_header("{\"a\":[[[[[[[]]]]]]]}"));
	assert_non_null(problem_of_header("{\"alg\":\"a\",\"alg\":\"b\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_confusion),
		cmocka_unit_test(test_no_signature),
		cmocka_unit_test(test_zero_signature),
		cmocka_unit_test(test_no_kid),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_alg_of_key),
		cmocka_unit_test(test_weak_rsa),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
