/* claims_test.c -- what a token says, a row for each way to be wrong; and
 * the form of an issuer in the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "token/claims.h"

enum { NOW = 1000000, SKEW = 60 };

static struct issuer issuer_of(const char *text)
{
	struct issuer i;
	const char *problem = issuer_parse(slice_cstr(text), &i);

	assert_ptr_equal(problem, NULL);
	return i;
}

static enum err_code check(const char *issuer, const char *claims, bool is_jwt)
{
	struct issuer i = issuer_of(issuer);
	json_t *object = json_foreign(slice_cstr(claims));
	struct claims_moment moment = { NOW, SKEW };
	struct err e;

	assert_non_null(object);
	e = claims_check(object, &i, is_jwt, moment, NULL);
	assert_true(is_ok(e) == (e.text == NULL));
	json_decref(object);
	return e.code;
}

#define ISS "\"iss\":\"https://id.example.org\","
#define AUD "\"aud\":\"roost\","
#define EXP "\"exp\":1000100"

#define BAD ERR_AUTHENTICATIONFAILED

static void test_jwt(void **state)
{
	static const struct {
		const char *claims;
		enum err_code code;
	} rows[] = {
		{ "{" ISS AUD EXP "}", ERR_OK },
		{ "{" ISS "\"aud\":[\"x\",\"roost\"]," EXP "}", ERR_OK },
		{ "{" ISS "\"aud\":\"other\"," EXP "}", ERR_OK },
		/* from and for others */
		{ "{" AUD EXP "}", BAD },
		{ "{\"iss\":\"https://id.example.org/\"," AUD EXP "}", BAD },
		{ "{\"iss\":[\"https://id.example.org\"]," AUD EXP "}", BAD },
		{ "{" ISS EXP "}", BAD },
		{ "{" ISS "\"aud\":\"Roost\"," EXP "}", BAD },
		{ "{" ISS "\"aud\":\"roost|other\"," EXP "}", BAD },
		{ "{" ISS "\"aud\":[]," EXP "}", BAD },
		{ "{" ISS "\"aud\":[[\"roost\"]]," EXP "}", BAD },
		{ "{" ISS "\"aud\":null," EXP "}", BAD },
		/* times: the clocks may differ by SKEW */
		{ "{" ISS "\"aud\":\"roost\"}", BAD },
		{ "{" ISS AUD "\"exp\":\"1000100\"}", BAD },
		{ "{" ISS AUD "\"exp\":-1}", BAD },
		{ "{" ISS AUD "\"exp\":1e300}", BAD },
		{ "{" ISS AUD "\"exp\":null}", BAD },
		{ "{" ISS AUD "\"exp\":1000000}", ERR_OK },
		{ "{" ISS AUD "\"exp\":999941}", ERR_OK },
		{ "{" ISS AUD "\"exp\":999940}", ERR_EXPIRED },
		{ "{" ISS AUD "\"exp\":999940.5}", ERR_EXPIRED },
		{ "{" ISS AUD "\"exp\":0}", ERR_EXPIRED },
		{ "{" ISS AUD "\"nbf\":1000060," EXP "}", ERR_OK },
		{ "{" ISS AUD "\"nbf\":1000061," EXP "}", BAD },
		{ "{" ISS AUD "\"nbf\":\"x\"," EXP "}", BAD },
		{ "{" ISS AUD "\"iat\":1000060," EXP "}", ERR_OK },
		{ "{" ISS AUD "\"iat\":1000061," EXP "}", BAD },
		/* it takes more than the token to use it */
		{ "{" ISS AUD "\"cnf\":{\"jkt\":\"x\"}," EXP "}", BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(check("https://id.example.org "
		                       "audience=roost|other",
		                       rows[i].claims, true),
		                 rows[i].code);
}

static void test_scope(void **state)
{
	static const struct {
		const char *claim;
		enum err_code code;
	} rows[] = {
		{ "\"scope\":\"imap\"", ERR_OK },
		{ "\"scope\":\"openid imap smtp\"", ERR_OK },
		{ "\"scope\":\"openid imaps\"", ERR_NOPERM },
		{ "\"scope\":\"\"", ERR_NOPERM },
		{ "\"scope\":1", ERR_NOPERM },
		{ "\"scope\":[\"imap\"]", ERR_OK },
		{ "\"scp\":\"imap\"", ERR_OK },
		{ "\"scp\":[\"openid\",\"imap\"]", ERR_OK },
		{ "\"scp\":[\"openid imap\"]", ERR_NOPERM },
		{ "\"scopes\":\"imap\"", ERR_NOPERM },
	};
	struct buf claims = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		claims.len = 0;
		buf_printf(&claims, "{" ISS AUD EXP ",%s}", rows[i].claim);
		buf_byte(&claims, '\0');
		assert_int_equal(check("https://id.example.org audience=roost "
		                       "scope=imap",
		                       claims.data, true),
		                 rows[i].code);
	}
	buf_free(&claims);
}

/* What introspection says may be less, but what it says counts. */
static void test_introspected(void **state)
{
	static const char issuer[] =
		"https://id.example.org introspect=https://id.example.org/i "
		"client=c secret=s scope=imap";

	(void)state;
	assert_int_equal(check(issuer, "{\"scope\":\"imap\"}", false), ERR_OK);
	assert_int_equal(check(issuer, "{\"scope\":\"imap\",\"exp\":1}", false),
	                 ERR_EXPIRED);
	assert_int_equal(
		check(issuer, "{\"scope\":\"imap\",\"iss\":\"x\"}", false),
		BAD);
	assert_int_equal(check(issuer, "{" EXP "}", false), ERR_NOPERM);
}

static bool has_name(const char *issuer, const char *claims, const char *name)
{
	struct issuer i = issuer_of(issuer);
	json_t *object = json_foreign(slice_cstr(claims));
	struct buf out = { 0 };
	bool same;

	assert_non_null(object);
	same = is_ok(claims_name(object, &i, &out)) &&
	       slice_eq(buf_slice(&out), slice_cstr(name));
	json_decref(object);
	buf_free(&out);
	return same;
}

static void test_name(void **state)
{
	static const char plain[] = "https://id.example.org audience=a";
	static const char bare[] = "https://id.example.org audience=a "
				   "name=preferred_username "
				   "domain=example.org|example.net";

	(void)state;
	assert_true(has_name(plain, "{\"email\":\"ann@example.org\"}",
	                     "ann@example.org"));
	assert_true(has_name(
		plain, "{\"email\":\"a@b\",\"email_verified\":true}", "a@b"));
	assert_true(has_name(plain,
	                     "{\"email\":\"a@b\",\"email_verified\":\"true\"}",
	                     "a@b"));
	assert_false(has_name(
		plain, "{\"email\":\"a@b\",\"email_verified\":false}", "a@b"));
	assert_false(has_name(plain, "{\"sub\":\"ann@example.org\"}",
	                      "ann@example.org"));
	assert_false(has_name(plain, "{\"email\":\"\"}", ""));
	assert_false(has_name(plain, "{\"email\":[\"a@b\"]}", "a@b"));
	assert_true(has_name(bare, "{\"preferred_username\":\"ann\"}",
	                     "ann@example.org"));
	assert_true(has_name(bare,
	                     "{\"preferred_username\":\"ann@EXAMPLE.net\"}",
	                     "ann@EXAMPLE.net"));
	assert_false(has_name(bare,
	                      "{\"preferred_username\":\"ann@example.com\"}",
	                      "ann@example.com"));
	assert_false(has_name(bare,
	                      "{\"preferred_username\":\"ann@example.org@x\"}",
	                      "ann@example.org@x"));
}

static void test_end(void **state)
{
	json_t *object = json_foreign(S("{\"exp\":12}"));

	(void)state;
	assert_int_equal(claims_end(object), 12);
	json_decref(object);
	object = json_foreign(S("{}"));
	assert_true(claims_end(object) == INT64_MAX);
	json_decref(object);
}

/* -- an issuer in the configuration -- */

#define URL "https://id.example.org/realms/mail"

static void test_issuers(void **state)
{
	static const char *const good[] = {
		URL " audience=a",
		"  " URL "   audience=a|b   keys=a.jwks ",
		URL " keys=https://id.example.org/keys audience=a",
		"http://127.0.0.1:8080/x audience=a",
		"http://[::1]:8080 audience=a",
		"http://localhost/x audience=a keys=http://localhost:1/k",
		URL " introspect=https://x.example.org/i client=c secret=f "
		    "scope=s",
	};
	static const char *const bad[] = {
		"",
		"x",
		URL,
		"ldap://x audience=a",
		"https:// audience=a",
		"https:///x audience=a",
		"http://id.example.org audience=a",
		"http://127.0.0.1@evil.example.org audience=a",
		"http://localhost.example.org audience=a",
		URL " audience=",
		URL " audience",
		URL " audience=a audience=b",
		URL " audience=a wrong=b",
		URL " audience=a keys=../x",
		URL " audience=a keys=.x",
		URL " audience=a keys=/etc/passwd",
		URL " audience=a keys=http://id.example.org/x",
		URL " audience=a\"",
		URL " audience=a introspect=https://x.example.org/",
		URL " introspect=https://x.example.org/ client=c secret=f",
		URL " audience=a introspect=https://x.example.org/ client=c "
		    "secret=f keys=k",
		URL " audience=a client=c",
	};
	struct issuer i;

	(void)state;
	for (size_t n = 0; n < sizeof good / sizeof *good; n++)
		assert_null(issuer_parse(slice_cstr(good[n]), &i));
	for (size_t n = 0; n < sizeof bad / sizeof *bad; n++)
		assert_non_null(issuer_parse(slice_cstr(bad[n]), &i));
	i = issuer_of(URL " keys=k name=upn domain=d scope=s audience=a|b");
	assert_true(slice_eq(i.url, S(URL)));
	assert_true(slice_eq(i.claim, S("upn")));
	assert_true(issuer_has(i.audience, S("b")));
	assert_false(issuer_has(i.audience, S("")));
	assert_false(issuer_has(i.audience, S("a|b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jwt),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_introspected),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_issuers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
