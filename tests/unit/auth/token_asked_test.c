/*
 * token_asked_test.c -- tokens whose issuer must be asked, for its keys or
 * about each: the test is the process that asks, and the issuer.
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

#include "base/encode.h"
#include "ipc/ask.h"
#include "token/signer.h"

#define ONE       "https://one.example.org/realms/mail"
#define TWO       "https://two.example.org"
#define DISCOVERY ONE "/.well-known/openid-configuration"
#define KEYS      ONE "/keys"

static const char *const issuers[] = {
	ONE " audience=roost",
	TWO " scope=imap introspect=" TWO "/introspect client=roost "
	    "secret=two.secret name=username",
};

static struct {
	struct link *link;
	char discovery[512];
	char keys[4096]; /* "": HTTP status 500 */
	char about[512]; /* what introspection says */
	bool silent;
	unsigned asked_keys;
	unsigned asked_about;
	char authorization[256];
	char body[512];
} issuer;

static struct signer key[2];

/* -- the process that asks -- */

static void tell(uint64_t request, uint32_t status, const char *body)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_TOLD);
	frame_u64(&f, request);
	frame_u8(&f, ERR_OK);
	frame_slice(&f, S(""));
	frame_u32(&f, status);
	frame_slice(&f, slice_cstr(body));
	frame_u64(&f, 0);
	frame_u64(&f, 0);
	assert_true(is_ok(link_send(issuer.link, &f, -1)));
}

static void keep(struct slice from, char *to, size_t size)
{
	assert_true(from.len < size);
	memcpy(to, from.ptr, from.len);
	to[from.len] = '\0';
}

static void on_ask(void *arg, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint8_t kind = read_u8(&f->r);
	struct slice url = frame_read_slice(f, 2048);
	struct slice authorization = frame_read_slice(f, 2048);
	struct slice type = frame_read_slice(f, 2048);
	struct slice body = frame_read_slice(f, LIMIT_FRAME);

	(void)arg;
	assert_true(frame_is_whole(f));
	if (issuer.silent)
		return;
	if (kind == ASK_HTTP_POST) {
		assert_true(slice_eq(url, S(TWO "/introspect")));
		assert_true(
			slice_eq(type, S("application/x-www-form-urlencoded")));
		keep(authorization, issuer.authorization,
		     sizeof issuer.authorization);
		keep(body, issuer.body, sizeof issuer.body);
		issuer.asked_about++;
		tell(request, 200, issuer.about);
	} else if (slice_eq(url, S(DISCOVERY))) {
		tell(request, 200, issuer.discovery);
	} else if (slice_eq(url, S(KEYS))) {
		issuer.asked_keys++;
		tell(request, issuer.keys[0] != '\0' ? 200 : 500, issuer.keys);
	} else {
		tell(request, 404, "");
	}
}

static void start_outside(struct rig *r)
{
	struct frame_out f = { 0 };
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	issuer.link = link_new(r->loop, fds[0],
	                       (struct link_handler){ .on_frame = on_ask });
	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, ROLE_OUTSIDE);
	frame_u32(&f, 0);
	assert_true(is_ok(link_send(r->parent, &f, fds[1])));
	rig_settle(r);
}

static void stop_outside(struct rig *r)
{
	link_free(issuer.link);
	issuer.link = NULL;
	rig_settle(r);
}

static void publish(const struct signer *keys, size_t n)
{
	struct buf text = { 0 };

	signer_set(keys, n, &text);
	keep(buf_slice(&text), issuer.keys, sizeof issuer.keys);
	buf_free(&text);
}

static void write_secret(struct rig *r, const char *secret)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/two.secret", r->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(secret, file);
	fclose(file);
}

static void prepare(struct rig *r)
{
	memset(&issuer, 0, sizeof issuer);
	strcpy(issuer.discovery,
	       "{\"issuer\":\"" ONE "\",\"jwks_uri\":\"" KEYS "\"}");
	strcpy(issuer.about, "{\"active\":true,\"username\":\"ann@example.org\""
	                     ",\"scope\":\"openid imap\"}");
	publish(key, 1);
	write_secret(r, "se cret:\n");
	r->options.issuers = issuers;
	r->options.issuers_count = sizeof issuers / sizeof *issuers;
	r->options.token_skew_seconds = 60;
}

static int start(void **state)
{
	(void)state;
	key[0] = signer_new("ES256", "one");
	key[1] = signer_new("ES256", "two");
	return 0;
}

static int end(void **state)
{
	(void)state;
	signer_free(&key[0]);
	signer_free(&key[1]);
	return 0;
}

/* -- asking -- */

static struct rig_verdict *show(struct rig *r, const char *token)
{
	struct buf m = { 0 };
	struct rig_verdict *v;

	buf_printf(&m, "n,,\1auth=Bearer %s\1\1", token);
	v = rig_begin(r, SASL_OAUTHBEARER, buf_slice(&m), S(""));
	buf_free(&m);
	if (v->exchange != 0)
		v = rig_respond(r, v->exchange, S(RIG_SESSION), S("\1"));
	return v;
}

/* Each is another one: nothing is remembered. */
static enum err_code code_of(struct rig *r, const struct signer *s)
{
	static unsigned number;
	struct buf claims = { 0 };
	struct buf token = { 0 };
	enum err_code code;

	buf_printf(&claims,
	           "{\"iss\":\"" ONE "\",\"aud\":\"roost\",\"exp\":%lld,"
	           "\"jti\":\"%u\",\"email\":\"ann@example.org\"}",
	           (long long)time(NULL) + 60, ++number);
	buf_byte(&claims, '\0');
	signer_claims(s, claims.data, &token);
	code = (enum err_code)show(r, token.data)->code;
	buf_free(&claims);
	buf_free(&token);
	return code;
}

static void add(struct rig *r)
{
	start_outside(r);
	assert_int_equal(
		rig_verb(r, FRAME_USER_ADD, "ann@example.org", "secret"),
		ERR_OK);
}

/* -- keys -- */

static void fetched(struct rig *r)
{
	add(r);
	for (int i = 0; i < 3; i++)
		assert_int_equal(code_of(r, &key[0]), ERR_OK);
	assert_int_equal(issuer.asked_keys, 1);
	stop_outside(r); /* they are good without it */
	assert_int_equal(code_of(r, &key[0]), ERR_OK);
}

/* A new key is asked for at once; that there is none, not each time. */
static void rollover(struct rig *r)
{
	add(r);
	assert_int_equal(code_of(r, &key[0]), ERR_OK);
	publish(key, 2);
	assert_int_equal(code_of(r, &key[1]), ERR_OK);
	assert_int_equal(code_of(r, &key[0]), ERR_OK);
	assert_int_equal(issuer.asked_keys, 2);
	key[1].kid = "three";
	for (int i = 0; i < 5; i++)
		assert_int_equal(code_of(r, &key[1]), ERR_AUTHENTICATIONFAILED);
	key[1].kid = "two";
	assert_int_equal(issuer.asked_keys, 2);
	stop_outside(r);
}

/* Nobody asks. */
static void no_keys(struct rig *r)
{
	assert_int_equal(
		rig_verb(r, FRAME_USER_ADD, "ann@example.org", "secret"),
		ERR_OK);
	assert_int_equal(code_of(r, &key[0]), ERR_UNAVAILABLE);
	start_outside(r);
	/* but not once for each token */
	assert_int_equal(code_of(r, &key[0]), ERR_UNAVAILABLE);
	assert_int_equal(issuer.asked_keys, 0);
	stop_outside(r);
}

static void bad_keys(struct rig *r)
{
	add(r);
	strcpy(issuer.keys, "");
	assert_int_equal(code_of(r, &key[0]), ERR_UNAVAILABLE);
	assert_int_equal(issuer.asked_keys, 1);
	stop_outside(r);
}

static const char *document;

static void discovery(struct rig *r)
{
	add(r);
	strcpy(issuer.discovery, document);
	assert_int_equal(code_of(r, &key[0]), ERR_UNAVAILABLE);
	assert_int_equal(issuer.asked_keys, 0);
	stop_outside(r);
}

static void test_discovery(void **state)
{
	static const char *const documents[] = {
		"{\"issuer\":\"https://x\",\"jwks_uri\":\"" KEYS "\"}",
		"{\"issuer\":\"" ONE "\",\"jwks_uri\":\"http://x.org/\"}",
		"{\"issuer\":\"" ONE "\"}",
		"[]",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		document = documents[i];
		rig_run(discovery, prepare);
	}
}

/* -- introspection -- */

static void asked(struct rig *r)
{
	struct buf wanted = { 0 };

	add(r);
	for (int i = 0; i < 3; i++)
		assert_int_equal(show(r, "an+opaque/token==")->code, ERR_OK);
	assert_int_equal(issuer.asked_about, 1);
	assert_string_equal(issuer.body, "token_type_hint=access_token&token="
	                                 "an%2Bopaque%2Ftoken%3D%3D");
	buf_add(&wanted, S("Basic "));
	base64_encode(S("roost:se%20cret%3A"), &wanted);
	assert_true(
		slice_eq(buf_slice(&wanted), slice_cstr(issuer.authorization)));
	buf_free(&wanted);
	assert_int_equal(show(r, "another")->code, ERR_OK);
	assert_int_equal(issuer.asked_about, 2);
	stop_outside(r);
}

static enum err_code about(struct rig *r, const char *answer)
{
	static unsigned number;
	char token[32];

	strcpy(issuer.about, answer);
	snprintf(token, sizeof token, "token%u", ++number);
	return (enum err_code)show(r, token)->code;
}

static void answers(struct rig *r)
{
	static const struct {
		const char *answer;
		enum err_code code;
	} rows[] = {
		{ "{\"active\":true,\"username\":\"ann@example.org\","
		  "\"scope\":\"imap\",\"iss\":\"" TWO "\"}",
		  ERR_OK },
		{ "{\"active\":false}", ERR_AUTHENTICATIONFAILED },
		{ "{\"active\":true,\"username\":\"ann@example.org\"}",
		  ERR_AUTHENTICATIONFAILED },
		{ "{\"active\":true,\"username\":\"ann@example.org\","
		  "\"scope\":\"imap\",\"iss\":\"" ONE "\"}",
		  ERR_AUTHENTICATIONFAILED },
		{ "{\"active\":true,\"username\":\"ann@example.org\","
		  "\"scope\":\"imap\",\"exp\":1}",
		  ERR_AUTHENTICATIONFAILED },
		{ "{\"active\":true,\"scope\":\"imap\"}",
		  ERR_AUTHENTICATIONFAILED },
		{ "{\"active\":\"true\",\"username\":\"ann@example.org\"}",
		  ERR_UNAVAILABLE },
		{ "{}", ERR_UNAVAILABLE },
		{ "no JSON", ERR_UNAVAILABLE },
		{ "", ERR_UNAVAILABLE },
	};

	add(r);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(about(r, rows[i].answer), rows[i].code);
	stop_outside(r);
	assert_int_equal(about(r, rows[0].answer), ERR_UNAVAILABLE);
}

/* It is not asked for the end of what it has vouched for. */
static void remembered_to_its_end(struct rig *r)
{
	char text[256];
	uint8_t code;

	add(r);
	snprintf(text, sizeof text,
	         "{\"active\":true,\"username\":\"ann@example.org\",\"scope\":"
	         "\"imap\",\"exp\":%lld}",
	         (long long)time(NULL) + 4);
	strcpy(issuer.about, text);
	assert_int_equal(show(r, "short")->code, ERR_OK);
	strcpy(issuer.about, "{\"active\":false}");
	do {
		task_sleep(50);
		code = show(r, "short")->code;
	} while (code == ERR_OK);
	assert_int_equal(code, ERR_AUTHENTICATIONFAILED);
	assert_int_equal(issuer.asked_about, 2);
	stop_outside(r);
}

static void no_secret(struct rig *r)
{
	add(r);
	write_secret(r, " \n");
	assert_int_equal(show(r, "opaque")->code, ERR_UNAVAILABLE);
	assert_int_equal(issuer.asked_about, 0);
	stop_outside(r);
}

/* Who gives up, or has to wait, holds nobody up. */
static void slow(struct rig *r)
{
	struct rig_verdict *v;
	uint64_t request;

	add(r);
	issuer.silent = true;
	request = rig_send(r, SASL_OAUTHBEARER,
	                   S("n,,\1auth=Bearer opaque\1\1"), S(""));
	v = rig_login(r, "ann@example.org", "secret");
	assert_int_equal(v->code, ERR_OK);
	assert_int_equal(r->open, 1);
	stop_outside(r); /* now it is */
	v = rig_wait(r, request);
	assert_int_equal(v->code, ERR_UNAVAILABLE);
}

#define RIG_TEST(fn)                        \
	static void test_##fn(void **state) \
	{                                   \
		(void)state;                \
		rig_run(fn, prepare);       \
	}

RIG_TEST(fetched)
RIG_TEST(rollover)
RIG_TEST(no_keys)
RIG_TEST(bad_keys)
RIG_TEST(asked)
RIG_TEST(answers)
RIG_TEST(remembered_to_its_end)
RIG_TEST(no_secret)
RIG_TEST(slow)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fetched),
		cmocka_unit_test(test_rollover),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_remembered_to_its_end),
		cmocka_unit_test(test_no_secret),
		cmocka_unit_test(test_slow),
	};

	return cmocka_run_group_tests(tests, start, end);
}
