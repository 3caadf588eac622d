/*
 * exchange_test.c -- exchanges of several steps with a real auth process:
 * SCRAM against GNU SASL as its client, and what a gate can make of them.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsasl.h>

#include "base/encode.h"

struct client {
	const char *user;
	const char *secret;
	const char *authzid; /* NULL: none */
	struct slice binding;
	enum sasl mechanism;
	struct slice offered; /* what the gate binds to; NULL: the same */
};

static int on_property(Gsasl *context, Gsasl_session *session,
                       Gsasl_property property)
{
	struct client *c = gsasl_session_hook_get(session);
	struct buf text = { 0 };
	const char *value = property == GSASL_AUTHID     ? c->user
	                    : property == GSASL_PASSWORD ? c->secret
	                    : property == GSASL_AUTHZID  ? c->authzid
	                                                 : NULL;

	(void)context;
	if (property == GSASL_CB_TLS_EXPORTER && c->binding.len != 0) {
		base64_encode(c->binding, &text);
		gsasl_property_set_raw(session, property, text.data, text.len);
		buf_free(&text);
		return GSASL_OK;
	}
	if (value == NULL)
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(session, property, value);
}

/* The verdict, once the client has nothing to say any more. A client that
 * doubts the server breaks off: NULL. */
static struct rig_verdict *talk(struct rig *r, struct client *c)
{
	Gsasl *context;
	Gsasl_session *session;
	struct rig_verdict *v = NULL;
	char *out;
	size_t len;

	assert_int_equal(gsasl_init(&context), GSASL_OK);
	gsasl_callback_set(context, on_property);
	assert_int_equal(
		gsasl_client_start(context,
	                           sasl_mechanisms[c->mechanism].name.ptr,
	                           &session),
		GSASL_OK);
	gsasl_session_hook_set(session, c);
	do {
		int code = gsasl_step(session, v != NULL ? v->challenge : NULL,
		                      v != NULL ? strlen(v->challenge) : 0,
		                      &out, &len);

		if (code != GSASL_OK && code != GSASL_NEEDS_MORE) {
			rig_cancel(r, v->exchange);
			v = NULL;
			break;
		}
		v = v == NULL ? rig_begin(r, c->mechanism, slice_of(out, len),
		                          c->offered.ptr != NULL ? c->offered
		                                                 : c->binding)
		              : rig_respond(r, v->exchange, S(RIG_SESSION),
		                            slice_of(out, len));
		gsasl_free(out);
	} while (v->exchange != 0);
	gsasl_finish(session);
	gsasl_done(context);
	return v;
}

static void add(struct rig *r, const char *user, const char *secret)
{
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, user, secret), ERR_OK);
}

static bool enters(struct rig *r, struct client c)
{
	struct rig_verdict *v = talk(r, &c);

	if (v == NULL)
		return false;
	if (v->code == ERR_OK)
		assert_int_equal(v->ticket_len, TICKET_SIZE);
	else
		assert_true(v->code == ERR_AUTHENTICATIONFAILED ||
		            v->code == ERR_AUTHORIZATIONFAILED);
	return v->code == ERR_OK;
}

static const struct slice exported = { "0123456789abcdef0123456789abcdef", 32 };
static const struct slice others = { "0123456789abcdef0123456789abcdeX", 32 };

static void scram(struct rig *r)
{
	struct client ann = { "ann@example.org",  "secret",   NULL, S(""),
		              SASL_SCRAM_SHA_256, { NULL, 0 } };

	add(r, "ann@example.org", "secret");
	add(r, "bob@example.org", "secret");
	assert_true(enters(r, ann));
	assert_true(enters(r, ann));
	ann.user = "ANN@Example.org";
	assert_true(enters(r, ann));
	ann.secret = "Secret";
	assert_false(enters(r, ann));
	ann.secret = "";
	assert_false(enters(r, ann));
	ann.secret = "secret";
	ann.user = "nobody@example.org";
	assert_false(enters(r, ann));
	ann.user = "ann@example.org";
	ann.authzid = "bob@example.org";
	assert_false(enters(r, ann));
	ann.authzid = "Ann@example.org";
	assert_true(enters(r, ann));
	assert_int_equal(
		rig_verb(r, FRAME_USER_DISABLE, "ann@example.org", NULL),
		ERR_OK);
	assert_false(enters(r, ann));
}

static void scram_binds(struct rig *r)
{
	struct client ann = {
		"ann@example.org",       "secret",   NULL, exported,
		SASL_SCRAM_SHA_256_PLUS, { NULL, 0 }
	};

	add(r, "ann@example.org", "secret");
	assert_true(enters(r, ann));
	ann.offered = others; /* somebody ends TLS between them */
	assert_false(enters(r, ann));
	ann.offered = S("");
	assert_false(enters(r, ann));
}

/* "y": the client could have bound, and heard that we can't. */
static void scram_downgraded(struct rig *r)
{
	struct slice first = S("y,,n=ann@example.org,r=abc");
	struct rig_verdict *v;

	add(r, "ann@example.org", "secret");
	v = rig_begin(r, SASL_SCRAM_SHA_256, first, exported);
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
	v = rig_begin(r, SASL_SCRAM_SHA_256, first, S(""));
	assert_int_not_equal(v->exchange, 0); /* and that is true */
	rig_cancel(r, v->exchange);
}

/* behaviour 10: what TLS 1.3 has not got is no binding, though the octets are
 * those that would be. RFC 9266 section 3 */
static void scram_of_another_binding(struct rig *r)
{
	struct slice first = S("p=tls-unique,,n=ann@example.org,r=abc");
	struct rig_verdict *v;

	add(r, "ann@example.org", "secret");
	v = rig_begin(r, SASL_SCRAM_SHA_256_PLUS, first, exported);
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
	first = S("p=tls-exporter,,n=ann@example.org,r=abc");
	v = rig_begin(r, SASL_SCRAM_SHA_256_PLUS, first, exported);
	assert_int_not_equal(v->exchange, 0);
	rig_cancel(r, v->exchange);
}

/* RFC 5802 section 5: the salt of a name. */
static struct buf salt_of(struct rig *r, const char *user)
{
	struct buf first = { 0 };
	struct buf salt = { 0 };
	struct slice ignored, rest;
	struct rig_verdict *v;

	buf_printf(&first, "n,,n=%s,r=abc", user);
	v = rig_begin(r, SASL_SCRAM_SHA_256, buf_slice(&first), S(""));
	assert_int_not_equal(v->exchange, 0);
	assert_true(slice_cut(slice_cstr(v->challenge), ',', &ignored, &rest));
	buf_add(&salt, rest);
	rig_cancel(r, v->exchange);
	buf_free(&first);
	return salt;
}

/* behaviour 11: who is there and who isn't look alike, and stay so. */
static void scram_tells_nothing(struct rig *r)
{
	static const char *const users[] = { "ann@example.org",
		                             "nobody@example.org",
		                             "no user at all" };

	add(r, "ann@example.org", "secret");
	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		struct buf one = salt_of(r, users[i]);
		struct buf two = salt_of(r, users[i]);

		assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
		assert_int_equal(one.len,
		                 strlen("s=") + 24 + strlen(",i=4096"));
		buf_free(&one);
		buf_free(&two);
	}
}

/* No keys: the next log-in with the password makes them. */
static void scram_after_plain(struct rig *r)
{
	struct client ann = { "ann@example.org",  "secret",   NULL, S(""),
		              SASL_SCRAM_SHA_256, { NULL, 0 } };

	add(r, "ann@example.org", "other");
	rig_store(r, "ann@example.org",
	          "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=");
	assert_false(enters(r, ann));
	assert_int_equal(rig_login(r, ann.user, ann.secret)->code, ERR_OK);
	rig_wait_current(r, ann.user);
	assert_true(enters(r, ann));
}

/* One that another server has stored. */
static void scram_brought_along(struct rig *r)
{
	struct client ann = { "ann@example.org",  "pencil",   NULL, S(""),
		              SASL_SCRAM_SHA_256, { NULL, 0 } };

	add(r, "ann@example.org", "other");
	rig_store(r, "ann@example.org",
	          "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,"
	          "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	          "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
	assert_true(enters(r, ann));
}

static void login_steps(struct rig *r)
{
	struct rig_verdict *v;

	add(r, "ann@example.org", "secret");
	v = rig_begin(r, SASL_LOGIN, S("ann@example.org"), S(""));
	assert_string_equal(v->challenge, "Password:");
	v = rig_respond(r, v->exchange, S(RIG_SESSION), S("secret"));
	assert_int_equal(v->code, ERR_OK);
	v = rig_begin(r, SASL_LOGIN, S("ann@example.org"), S(""));
	v = rig_respond(r, v->exchange, S(RIG_SESSION), S("wrong"));
	assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
}

/* An exchange is its session's, once, and only until it is given up. */
static void exchanges(struct rig *r)
{
	struct rig_verdict *v;
	uint64_t exchange;

	add(r, "ann@example.org", "secret");
	v = rig_begin(r, SASL_LOGIN, S("ann@example.org"), S(""));
	exchange = v->exchange;
	v = rig_respond(r, exchange, S("fedcba9876543210"), S("secret"));
	assert_int_equal(v->code, ERR_UNAVAILABLE);
	v = rig_respond(r, exchange, S(RIG_SESSION), S("secret"));
	assert_int_equal(v->code, ERR_UNAVAILABLE); /* it has ended */
	v = rig_begin(r, SASL_LOGIN, S("ann@example.org"), S(""));
	exchange = v->exchange;
	rig_cancel(r, exchange);
	rig_cancel(r, exchange);
	v = rig_respond(r, exchange, S(RIG_SESSION), S("secret"));
	assert_int_equal(v->code, ERR_UNAVAILABLE);
	v = rig_respond(r, 0, S(RIG_SESSION), S("secret"));
	assert_int_equal(v->code, ERR_UNAVAILABLE);
	rig_begin(r, SASL_SCRAM_SHA_256, S("n,,n=ann@example.org,r=abc"),
	          S(""));
	rig_stop_gate(r); /* what is open goes with it: no leak */
	rig_settle(r);
	rig_start_gate(r);
	rig_settle(r);
}

/* What is no message of the mechanism. */
static void malformed(struct rig *r)
{
	static const struct {
		enum sasl mechanism;
		struct slice response;
	} cases[] = {
		{ SASL_PLAIN, { "", 0 } },
		{ SASL_PLAIN, { "ann\0secret", 10 } },
		{ SASL_PLAIN, { "\0ann@example.org\0secret\0", 24 } },
		{ SASL_COMMAND, { "\0ann@example.org\0", 17 } },
		{ SASL_SCRAM_SHA_256, { "", 0 } },
		{ SASL_SCRAM_SHA_256, { "n,,n=ann", 8 } },
		{ SASL_SCRAM_SHA_256, { "n,,m=x,n=ann,r=abc", 18 } },
		{ SASL_SCRAM_SHA_256, { "p=tls-exporter,,n=ann,r=abc", 27 } },
		{ SASL_SCRAM_SHA_256_PLUS, { "n,,n=ann,r=abc", 14 } },
		{ SASL_SCRAM_SHA_256, { "\0\0\0", 3 } },
	};

	add(r, "ann@example.org", "secret");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig_verdict *v = rig_begin(r, cases[i].mechanism,
		                                  cases[i].response, S(""));

		assert_int_equal(v->exchange, 0);
		assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
	}
}

static void plain_only(struct rig *r)
{
	r->options.mechanisms = sasl_bit(SASL_PLAIN);
}

static void not_offered(struct rig *r)
{
	struct rig_verdict *v;

	add(r, "ann@example.org", "secret");
	v = rig_begin(r, SASL_SCRAM_SHA_256, S("n,,n=ann,r=abc"), S(""));
	assert_int_equal(v->exchange, 0);
	assert_int_equal(v->code, ERR_UNAVAILABLE);
	assert_int_equal(rig_login(r, "ann@example.org", "secret")->code,
	                 ERR_OK);
}

#define CASE(name, run, prepare)       \
	static void name(void **state) \
	{                              \
		(void)state;           \
		rig_run(run, prepare); \
	}

CASE(test_scram, scram, NULL)
CASE(test_binding, scram_binds, NULL)
CASE(test_downgraded, scram_downgraded, NULL)
CASE(test_another_binding, scram_of_another_binding, NULL)
CASE(test_tells_nothing, scram_tells_nothing, NULL)
CASE(test_after_plain, scram_after_plain, NULL)
CASE(test_brought_along, scram_brought_along, NULL)
CASE(test_login, login_steps, NULL)
CASE(test_exchanges, exchanges, NULL)
CASE(test_malformed, malformed, NULL)
CASE(test_not_offered, not_offered, plain_only)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scram),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_downgraded),
		cmocka_unit_test(test_another_binding),
		cmocka_unit_test(test_tells_nothing),
		cmocka_unit_test(test_after_plain),
		cmocka_unit_test(test_brought_along),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_not_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
