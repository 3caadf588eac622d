/*
 * token_test.c -- OAUTHBEARER and XOAUTH2 with a real auth process, and an
 * issuer whose keys are the test's.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "token/signer.h"

#define ONE "https://one.example.org/realms/mail"
#define TWO "https://two.example.org"

static const char *const issuers[] = {
	ONE " audience=roost scope=imap keys=one.jwks",
	TWO " audience=roost|other keys=two.jwks name=upn "
	    "domain=example.net",
};

static struct signer one;
static struct signer two;

/* Replaced whole, as whoever changes keys does it. */
static void write_keys(struct rig *r, const char *name,
                       const struct signer *keys, size_t n)
{
	char path[256], fresh[256];
	struct buf text = { 0 };
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", r->dir, name);
	snprintf(fresh, sizeof fresh, "%s/%s.new", r->dir, name);
	signer_set(keys, n, &text);
	file = fopen(fresh, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
	fclose(file);
	assert_int_equal(rename(fresh, path), 0);
	buf_free(&text);
}

static void prepare(struct rig *r)
{
	r->options.issuers = issuers;
	r->options.issuers_count = sizeof issuers / sizeof *issuers;
	r->options.token_skew_seconds = 60;
	write_keys(r, "one.jwks", &one, 1);
	write_keys(r, "two.jwks", &two, 1);
}

static int start(void **state)
{
	(void)state;
	one = signer_new("RS256", "one-1");
	two = signer_new("EdDSA", "two-1");
	return 0;
}

static int end(void **state)
{
	(void)state;
	signer_free(&one);
	signer_free(&two);
	return 0;
}

/* -- tokens -- */

/* Good for an hour unless `more` says otherwise. Static. */
static const char *token_of(const struct signer *s, const char *iss,
                            const char *more, int64_t seconds)
{
	static char text[4096];
	struct buf claims = { 0 };
	struct buf token = { 0 };

	buf_printf(&claims, "{\"iss\":\"%s\",\"aud\":\"roost\",\"exp\":%lld%s}",
	           iss, (long long)time(NULL) + seconds, more);
	buf_byte(&claims, '\0');
	signer_claims(s, claims.data, &token);
	assert_true(token.len < sizeof text);
	memcpy(text, token.data, token.len + 1);
	buf_free(&claims);
	buf_free(&token);
	return text;
}

#define SCOPE ",\"scope\":\"openid imap\""
#define ANN   SCOPE ",\"email\":\"ann@example.org\""

static const char *anns(void)
{
	return token_of(&one, ONE, ANN, 3600);
}

static struct rig_verdict *bearer(struct rig *r, const char *user,
                                  const char *token)
{
	struct buf m = { 0 };
	struct rig_verdict *v;

	buf_printf(&m, "n,%s%s,\1host=mail.example.org\1port=993\1",
	           user[0] != 0 ? "a=" : "", user);
	buf_printf(&m, "auth=Bearer %s\1\1", token);
	v = rig_begin(r, SASL_OAUTHBEARER, buf_slice(&m), S(""));
	buf_free(&m);
	return v;
}

static struct rig_verdict *xoauth2(struct rig *r, const char *user,
                                   const char *token)
{
	struct buf m = { 0 };
	struct rig_verdict *v;

	buf_printf(&m, "user=%s\1auth=Bearer %s\1\1", user, token);
	v = rig_begin(r, SASL_XOAUTH2, buf_slice(&m), S(""));
	buf_free(&m);
	return v;
}

static void add(struct rig *r, const char *user)
{
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, user, "secret"), ERR_OK);
}

static void assert_enters(struct rig_verdict *v, const char *name)
{
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_OK);
	assert_int_equal(v->ticket_len, TICKET_SIZE);
	assert_string_equal(v->name, name);
}

/* A challenge with that status, then a refusal whose reason is in the log. */
static void assert_denied(struct rig *r, struct rig_verdict *v,
                          const char *status, const char *reason)
{
	const char *log;
	char wanted[128];

	assert_int_not_equal(v->exchange, 0);
	snprintf(wanted, sizeof wanted, "{\"status\":\"%s\"", status);
	assert_ptr_equal(strstr(v->challenge, wanted), v->challenge);
	rig_log_begin();
	v = rig_respond(r, v->exchange, S(RIG_SESSION), S("\1"));
	log = rig_log_end();
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
	assert_string_equal(v->text, "Authentication failed");
	if (strstr(log, reason) == NULL)
		fail_msg("\"%s\" is not in: %s", reason, log);
}

/* -- what lets in -- */

static void lets_in(struct rig *r)
{
	add(r, "ann@example.org");
	add(r, "bob@example.net");
	assert_enters(bearer(r, "", anns()), "ann@example.org");
	assert_enters(bearer(r, "ann@example.org", anns()), "ann@example.org");
	assert_enters(bearer(r, "Ann@EXAMPLE.org", anns()), "ann@example.org");
	assert_enters(xoauth2(r, "ann@example.org", anns()), "ann@example.org");
	assert_enters(
		bearer(r, "", token_of(&two, TWO, ",\"upn\":\"bob\"", 60)),
		"bob@example.net");
	/* our clock is ahead */
	assert_enters(bearer(r, "", token_of(&one, ONE, ANN, -30)),
	              "ann@example.org");
	assert_int_equal(r->mail[0].expects + r->mail[1].expects, 6);
}

/* Everybody else's claims are worth nothing. */
static void keeps_out(struct rig *r)
{
	struct signer other = signer_new("RS256", "one-1");
	char tampered[4096];
	char *letter;

	add(r, "ann@example.org");
	add(r, "bob@example.net");
	assert_denied(r, bearer(r, "", token_of(&other, ONE, ANN, 60)),
	              "invalid_token", "signature is wrong");
	other.kid = "one-2";
	assert_denied(r, bearer(r, "", token_of(&other, ONE, ANN, 60)),
	              "invalid_token", "key is unknown");
	assert_denied(r, bearer(r, "", token_of(&one, TWO, ANN, 60)),
	              "invalid_token", "key is unknown");
	assert_denied(r, bearer(r, "", token_of(&one, "https://x", ANN, 60)),
	              "invalid_token", "issuer is unknown");
	assert_denied(r, bearer(r, "", token_of(&one, ONE, ANN, -61)),
	              "invalid_token", "has expired");
	assert_denied(r,
	              bearer(r, "",
	                     token_of(&one, ONE,
	                              ",\"email\":\"ann@example.org\"", 60)),
	              "insufficient_scope", "lacks the scope");
	assert_denied(
		r,
		bearer(r, "",
	               token_of(&one, ONE,
	                        SCOPE ",\"email\":\"eve@example.org\"", 60)),
		"invalid_token", "no such user");
	assert_denied(
		r,
		bearer(r, "",
	               token_of(&one, ONE, SCOPE ",\"email\":\"x y\"", 60)),
		"invalid_token", "no such user");
	assert_denied(
		r,
		bearer(r, "",
	               token_of(&two, TWO, ",\"upn\":\"ann@example.org\"", 60)),
		"invalid_token", "no say in");
	assert_denied(r, bearer(r, "", "opaque"), "invalid_token", "no JWT");
	snprintf(tampered, sizeof tampered, "%s", anns());
	letter = &tampered[strlen(tampered) - 5];
	*letter = *letter == 'A' ? 'B' : 'A';
	assert_denied(r, bearer(r, "", tampered), "invalid_token",
	              "signature is wrong");
	signer_free(&other);
}

/* For somebody else's account a token is not good. */
static void for_self_only(struct rig *r)
{
	struct rig_verdict *v;

	add(r, "ann@example.org");
	add(r, "bob@example.org");
	v = bearer(r, "bob@example.org", anns());
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_AUTHORIZATIONFAILED);
	v = xoauth2(r, "bob@example.org", anns());
	assert_int_equal(v->code, ERR_AUTHORIZATIONFAILED);
	assert_int_equal(r->mail[0].expects + r->mail[1].expects, 0);
}

static void disabled(struct rig *r)
{
	add(r, "ann@example.org");
	assert_enters(bearer(r, "", anns()), "ann@example.org");
	assert_int_equal(
		rig_verb(r, FRAME_USER_DISABLE, "ann@example.org", NULL),
		ERR_OK);
	/* remembered or not */
	assert_denied(r, bearer(r, "", anns()), "invalid_token", "is disabled");
}

/* behaviour 9; RFC 7628 sections 3.2.2 and 4.3, and what Google's clients
 * expect. */
static void challenges(struct rig *r)
{
	struct rig_verdict *v = bearer(r, "ann@example.org", "");

	assert_string_equal(v->challenge,
	                    "{\"status\":\"invalid_token\",\"scope\":\"imap\","
	                    "\"openid-configuration\":\"" ONE
	                    "/.well-known/openid-configuration\"}");
	/* of the issuer that the token is from */
	v = bearer(r, "", token_of(&one, TWO, "", 60));
	assert_string_equal(v->challenge,
	                    "{\"status\":\"invalid_token\","
	                    "\"openid-configuration\":\"" TWO
	                    "/.well-known/openid-configuration\"}");
	v = rig_begin(r, SASL_OAUTHBEARER, S("nonsense"), S(""));
	assert_denied(r, v, "invalid_request", "no message of OAUTHBEARER");
	v = xoauth2(r, "ann@example.org", "wrong");
	assert_string_equal(v->challenge, "{\"status\":\"401\",\"schemes\":"
	                                  "\"Bearer\",\"scope\":\"imap\"}");
	v = rig_begin(r, SASL_XOAUTH2, S(""), S(""));
	assert_denied(r, v, "400", "no message of XOAUTH2");
}

/* A good token does not help who has shown a bad one. */
static void no_second_try(struct rig *r)
{
	struct rig_verdict *v;
	struct buf m = { 0 };

	add(r, "ann@example.org");
	v = bearer(r, "", "wrong");
	buf_printf(&m, "n,,\1auth=Bearer %s\1\1", anns());
	v = rig_respond(r, v->exchange, S(RIG_SESSION), buf_slice(&m));
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
	buf_free(&m);
}

/* -- keys come and go -- */

static void rollover(struct rig *r)
{
	struct signer next[2] = { one, signer_new("ES256", "one-2") };
	char old[4096];

	add(r, "ann@example.org");
	snprintf(old, sizeof old, "%s", anns());
	assert_enters(bearer(r, "", old), "ann@example.org");
	write_keys(r, "one.jwks", next, 2);
	assert_enters(bearer(r, "", token_of(&next[1], ONE, ANN, 60)),
	              "ann@example.org");
	assert_enters(bearer(r, "", old), "ann@example.org");
	/* what it signed is no longer good, remembered or not */
	write_keys(r, "one.jwks", &next[1], 1);
	assert_denied(r, bearer(r, "", old), "invalid_token", "key is unknown");
	assert_enters(bearer(r, "", token_of(&next[1], ONE, ANN, 60)),
	              "ann@example.org");
	signer_free(&next[1]);
}

static void write_text(struct rig *r, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", r->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Nobody's fault but the administrator's: the client comes again. */
static void no_keys(struct rig *r)
{
	char path[256];
	struct rig_verdict *v;

	add(r, "ann@example.org");
	snprintf(path, sizeof path, "%s/one.jwks", r->dir);
	assert_int_equal(unlink(path), 0);
	v = bearer(r, "", anns());
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_UNAVAILABLE);
	write_text(r, "one.jwks", "{\"keys\":");
	assert_int_equal(bearer(r, "", anns())->code, ERR_UNAVAILABLE);
	write_keys(r, "one.jwks", &one, 1);
	assert_enters(bearer(r, "", anns()), "ann@example.org");
	/* a bad file leaves those that were read before */
	write_text(r, "one.jwks", "no JSON");
	assert_enters(bearer(r, "", token_of(&one, ONE, ANN, 61)),
	              "ann@example.org");
}

/* -- the log -- */

static void log_has_no_token(struct rig *r)
{
	const char *token = anns();
	struct rig_verdict *v;
	const char *log;
	char signature[32];

	add(r, "ann@example.org");
	snprintf(signature, sizeof signature, "%s", strrchr(token, '.') + 1);
	rig_log_begin();
	assert_enters(bearer(r, "", token), "ann@example.org");
	v = bearer(r, "eve@example.org", "secret-token");
	rig_respond(r, v->exchange, S(RIG_SESSION), S(""));
	log = rig_log_end();
	assert_non_null(strstr(log, "event=login user=ann@example.org "
	                            "method=OAUTHBEARER "));
	assert_non_null(strstr(log, "event=login_failed user=eve@example.org "
	                            "method=OAUTHBEARER "));
	assert_null(strstr(log, signature));
	assert_null(strstr(log, "secret-token"));
}

/* What is said of whom, when the client doesn't say who it is. */
static const char *log_of(struct rig *r, const char *token)
{
	struct rig_verdict *v = bearer(r, "", token);

	assert_int_not_equal(v->exchange, 0);
	rig_log_begin();
	rig_respond(r, v->exchange, S(RIG_SESSION), S("\1"));
	return rig_log_end();
}

static void log_has_the_claim(struct rig *r)
{
	const char *log;

	add(r, "ann@example.org");
	log = log_of(r, token_of(&one, ONE, ANN, -3600));
	assert_non_null(strstr(log, "event=login_failed user=ann@example.org "
	                            "method=OAUTHBEARER "));
	assert_non_null(strstr(log, "the token has expired"));
	/* whose it is can't be read, or is for nobody here to say */
	log = log_of(r, "opaque");
	assert_non_null(strstr(log, "event=login_failed method="));
	log = log_of(r, token_of(&one, "https://x", ANN, 60));
	assert_non_null(strstr(log, "event=login_failed method="));
	log = log_of(r, token_of(&one, ONE, SCOPE, -3600));
	assert_non_null(strstr(log, "event=login_failed method="));
}

#define RIG_TEST(fn)                        \
	static void test_##fn(void **state) \
	{                                   \
		(void)state;                \
		rig_run(fn, prepare);       \
	}

RIG_TEST(lets_in)
RIG_TEST(keeps_out)
RIG_TEST(for_self_only)
RIG_TEST(disabled)
RIG_TEST(challenges)
RIG_TEST(no_second_try)
RIG_TEST(rollover)
RIG_TEST(no_keys)
RIG_TEST(log_has_no_token)
RIG_TEST(log_has_the_claim)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lets_in),
		cmocka_unit_test(test_keeps_out),
		cmocka_unit_test(test_for_self_only),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_no_second_try),
		cmocka_unit_test(test_rollover),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_log_has_no_token),
		cmocka_unit_test(test_log_has_the_claim),
	};

	return cmocka_run_group_tests(tests, start, end);
}
