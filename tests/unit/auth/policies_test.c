/*
 * policies_test.c -- what is said of accounts, by whom it is set, and who is
 * let in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <gsasl.h>

#include "admin/verbs.h"
#include "directory/policy.h"
#include "rig.h"

static struct rig_answer *ask(struct rig *r, uint16_t type, const char *one,
                              const char *two)
{
	struct link *l = rig_control(r);
	struct slice fields[2] = { slice_cstr(one), slice_cstr(two) };
	struct rig_answer *a = rig_request(l, type, fields, 2);

	link_free(l);
	task_sleep(1);
	return a;
}

static void add(struct rig *r, const char *user)
{
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, user, "secret"), ERR_OK);
}

static enum err_code set(struct rig *r, const char *scope, const char *setting)
{
	return ask(r, FRAME_POLICY_SET, scope, setting)->code;
}

static enum err_code unset(struct rig *r, const char *scope, const char *name)
{
	return ask(r, FRAME_POLICY_UNSET, scope, name)->code;
}

static void assert_row(const struct rig_answer *a, size_t row,
                       const char *policy, const char *value, const char *scope)
{
	assert_int_equal(a->code, ERR_OK);
	assert_true(row < a->rows);
	assert_int_equal(a->fields[row], POLICY_COLUMNS);
	assert_string_equal(a->field[row][POLICY_COLUMN_POLICY], policy);
	assert_string_equal(a->field[row][POLICY_COLUMN_VALUE], value);
	assert_string_equal(a->field[row][POLICY_COLUMN_SCOPE], scope);
}

static void setting(struct rig *r)
{
	struct rig_answer *a;

	add(r, "ann@example.org");
	add(r, "bob@example.net");
	assert_int_equal(set(r, "server", "imap off"), ERR_OK);
	assert_int_equal(set(r, "@Example.ORG", "IMAP on"), ERR_OK);
	assert_int_equal(set(r, "Ann@example.org", "networks 10.0.0.0/8,::1"),
	                 ERR_OK);
	assert_int_equal(set(r, "ann@example.org", "networks 10.0.0.0/8"),
	                 ERR_OK);
	a = ask(r, FRAME_POLICY_SHOW, "", "");
	assert_int_equal(a->rows, 3);
	assert_row(a, 0, "imap", "off", "server");
	assert_row(a, 1, "imap", "on", "@example.org");
	assert_row(a, 2, "networks", "10.0.0.0/8", "ann@example.org");
	a = ask(r, FRAME_POLICY_SHOW, "@example.org", "");
	assert_int_equal(a->rows, 1);
	assert_row(a, 0, "imap", "on", "@example.org");
	assert_int_equal(ask(r, FRAME_POLICY_SHOW, "server", "networks")->rows,
	                 0);
	a = ask(r, FRAME_POLICY_EFFECTIVE, "ann@example.org", "");
	assert_int_equal(a->rows, POLICIES);
	assert_row(a, POLICY_IMAP, "imap", "on", "@example.org");
	assert_row(a, POLICY_NETWORKS, "networks", "10.0.0.0/8",
	           "ann@example.org");
	assert_row(a, POLICY_EXPIRES, "expires", "never", "default");
	a = ask(r, FRAME_POLICY_EFFECTIVE, "bob@example.net", "imap");
	assert_int_equal(a->rows, 1);
	assert_row(a, 0, "imap", "off", "server");
	a = ask(r, FRAME_POLICY_EFFECTIVE, "server", "imap");
	assert_row(a, 0, "imap", "off", "server");
	a = ask(r, FRAME_POLICY_EFFECTIVE, "@example.org", "imap");
	assert_row(a, 0, "imap", "on", "@example.org");
	assert_int_equal(unset(r, "@example.org", "imap"), ERR_OK);
	a = ask(r, FRAME_POLICY_EFFECTIVE, "ann@example.org", "imap");
	assert_row(a, 0, "imap", "off", "server");
}

static void refused(struct rig *r)
{
	struct rig_answer *a;

	add(r, "ann@example.org");
	assert_int_equal(set(r, "bob@example.org", "imap off"), ERR_ABSENT);
	assert_int_equal(set(r, "@example.net", "imap off"), ERR_ABSENT);
	assert_int_equal(set(r, "ann", "imap off"), ERR_SYNTAX);
	assert_int_equal(set(r, "@", "imap off"), ERR_SYNTAX);
	assert_int_equal(set(r, "ann@example.org", "imap"), ERR_SYNTAX);
	assert_int_equal(set(r, "ann@example.org", "imap "), ERR_SYNTAX);
	a = ask(r, FRAME_POLICY_SET, "ann@example.org", "pop off");
	assert_int_equal(a->code, ERR_SYNTAX);
	assert_non_null(strstr(a->text, "read-only"));
	/* nobody would be in any */
	assert_int_equal(set(r, "ann@example.org", "countries AT"), ERR_NOTNOW);
	assert_int_equal(set(r, "ann@example.org", "countries any"), ERR_OK);
	assert_int_equal(unset(r, "ann@example.org", "countries"), ERR_OK);
	a = ask(r, FRAME_POLICY_SET, "ann@example.org", "imap perhaps");
	assert_int_equal(a->code, ERR_SYNTAX);
	assert_string_equal(a->text, "its values are on and off");
	assert_int_equal(unset(r, "ann@example.org", "imap"), ERR_ABSENT);
	assert_int_equal(unset(r, "ann@example.org", "pop"), ERR_SYNTAX);
	assert_int_equal(ask(r, FRAME_POLICY_SHOW, "bob@example.org", "")->code,
	                 ERR_ABSENT);
	assert_int_equal(ask(r, FRAME_POLICY_SHOW, "", "pop")->code,
	                 ERR_SYNTAX);
	assert_int_equal(ask(r, FRAME_POLICY_SHOW, "", "")->rows, 0);
}

/* Whoever gets the name of one that is gone inherits nothing of it. */
static void forgotten(struct rig *r)
{
	add(r, "ann@example.org");
	add(r, "bob@example.net");
	set(r, "ann@example.org", "imap off");
	set(r, "@example.org", "read-only on");
	set(r, "bob@example.net", "imap off");
	set(r, "server", "main-password allowed");
	assert_int_equal(
		rig_verb(r, FRAME_USER_REMOVE, "ann@example.org", NULL),
		ERR_OK);
	assert_int_equal(ask(r, FRAME_POLICY_SHOW, "", "")->rows, 2);
	add(r, "ann@example.org");
	assert_int_equal(ask(r, FRAME_POLICY_SHOW, "", "")->rows, 2);
}

/* More than a page. */
static void many(struct rig *r)
{
	char name[32];
	struct rig_answer *a;

	for (int i = 0; i < 40; i++) {
		r->mail[0].accounts[0] = 0; /* there is room for a few only */
		r->mail[1].accounts[0] = 0;
		snprintf(name, sizeof name, "u%02d@example.org", i);
		add(r, name);
		set(r, name, "imap off");
		set(r, name, "read-only on");
	}
	a = ask(r, FRAME_POLICY_SHOW, "", "");
	assert_int_equal(a->rows, 80);
	assert_row(a, 79, "read-only", "on", "u39@example.org");
	a = ask(r, FRAME_POLICY_SHOW, "u35@example.org", "");
	assert_int_equal(a->rows, 2);
	assert_row(a, 0, "imap", "off", "u35@example.org");
}

/* -- who is let in -- */

static int on_property(Gsasl *context, Gsasl_session *session,
                       Gsasl_property property)
{
	(void)context;
	if (property == GSASL_AUTHID)
		return gsasl_property_set(session, property, "ann@example.org");
	if (property == GSASL_PASSWORD)
		return gsasl_property_set(session, property,
		                          gsasl_session_hook_get(session));
	return GSASL_NO_CALLBACK;
}

static struct rig_verdict *by_scram(struct rig *r, char *secret)
{
	struct rig_verdict *v = NULL;
	Gsasl_session *session;
	Gsasl *context;
	char *out;
	size_t len;

	assert_int_equal(gsasl_init(&context), GSASL_OK);
	gsasl_callback_set(context, on_property);
	assert_int_equal(gsasl_client_start(context, "SCRAM-SHA-256", &session),
	                 GSASL_OK);
	gsasl_session_hook_set(session, secret);
	do {
		assert_true(gsasl_step(session, v ? v->challenge : NULL,
		                       v ? strlen(v->challenge) : 0, &out,
		                       &len) <= GSASL_NEEDS_MORE);
		v = v == NULL ? rig_begin(r, SASL_SCRAM_SHA_256,
		                          slice_of(out, len), S(""))
		              : rig_respond(r, v->exchange, S(RIG_SESSION),
		                            slice_of(out, len));
		gsasl_free(out);
	} while (v->exchange != 0);
	gsasl_finish(session);
	gsasl_done(context);
	return v;
}

static struct rig_verdict *by_login(struct rig *r, char *secret)
{
	struct rig_verdict *v =
		rig_begin(r, SASL_LOGIN, S("ann@example.org"), S(""));

	return rig_respond(r, v->exchange, S(RIG_SESSION), slice_cstr(secret));
}

static struct rig_verdict *by_plain(struct rig *r, char *secret)
{
	return rig_try(r, (struct rig_try){ .user = S("ann@example.org"),
	                                    .secret = slice_cstr(secret) });
}

static struct rig_verdict *by_command(struct rig *r, char *secret)
{
	return rig_try(r, (struct rig_try){ .by_command = true,
	                                    .user = S("ann@example.org"),
	                                    .secret = slice_cstr(secret) });
}

static struct rig_verdict *(*const ways[])(struct rig *,
                                           char *) = { by_command, by_plain,
	                                               by_login, by_scram };

/* Each with what lets in again when it is said nearer. The rig's client is
 * at 192.0.2.7. */
static const struct {
	const char *name;
	const char *bars;
	const char *admits;
	enum err_code code;
	const char *text;
} bars[] = {
	{ "passwords", "off", "on", ERR_AUTHENTICATIONFAILED,
	  "Authentication failed" },
	{ "networks", "192.0.2.8/29,10.0.0.0/8", "192.0.2.0/29",
	  ERR_AUTHENTICATIONFAILED, "Authentication failed" },
	{ "suspended", "deliver", "no", ERR_CONTACTADMIN,
	  "This account is suspended" },
	{ "suspended", "defer", "no", ERR_CONTACTADMIN,
	  "This account is suspended" },
	{ "expires", "2001-02-03", "2999-12-31", ERR_EXPIRED,
	  "This account has expired" },
	{ "imap", "off", "on", ERR_CONTACTADMIN,
	  "IMAP is off for this account" },
};

static const char *const scopes[] = { "server", "@example.org",
	                              "ann@example.org" };

static void say(struct rig *r, const char *scope, const char *name,
                const char *value)
{
	char text[128];

	snprintf(text, sizeof text, "%s %s", name, value);
	assert_int_equal(set(r, scope, text), ERR_OK);
}

static void assert_verdicts(struct rig *r, enum err_code code, const char *text)
{
	for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
		struct rig_verdict *v = ways[w](r, (char *)"secret");

		assert_int_equal(v->code, code);
		assert_string_equal(v->text, text);
		/* whose password is wrong is never told why */
		v = ways[w](r, (char *)"wrong");
		assert_int_equal(v->code, ERR_AUTHENTICATIONFAILED);
		assert_string_equal(v->text, "Authentication failed");
	}
}

static void cell(struct rig *r, size_t bar, size_t scope)
{
	say(r, scopes[scope], bars[bar].name, bars[bar].bars);
	assert_verdicts(r, bars[bar].code, bars[bar].text);
	assert_int_equal(rig_login(r, "bob@example.net", "secret")->code,
	                 scope == 0 ? bars[bar].code : ERR_OK);
	for (size_t nearer = scope + 1; nearer < 3; nearer++) {
		say(r, scopes[nearer], bars[bar].name, bars[bar].admits);
		assert_verdicts(r, ERR_OK, "");
		unset(r, scopes[nearer], bars[bar].name);
	}
	assert_int_equal(unset(r, scopes[scope], bars[bar].name), ERR_OK);
}

static void each_in_each_way(struct rig *r)
{
	add(r, "ann@example.org");
	add(r, "bob@example.net");
	assert_verdicts(r, ERR_OK, "");
	for (size_t bar = 0; bar < sizeof bars / sizeof *bars; bar++)
		for (size_t scope = 0; scope < 3; scope++)
			cell(r, bar, scope);
	assert_verdicts(r, ERR_OK, "");
}

static struct rig_answer *ask_show(struct rig *r)
{
	struct link *l = rig_control(r);
	struct slice name = S("ann@example.org");
	struct rig_answer *a = rig_request(l, FRAME_USER_SHOW, &name, 1);

	link_free(l);
	task_sleep(1);
	assert_int_equal(a->fields[0], USER_SHOW_COLUMNS);
	return a;
}

/* `user show` says in short what counts. */
static void in_short(struct rig *r)
{
	add(r, "ann@example.org");
	assert_string_equal(ask_show(r)->field[0][USER_SHOW_POLICIES], "");
	set(r, "server", "imap off");
	set(r, "ann@example.org", "networks 10.0.0.0/8,::1");
	assert_string_equal(ask_show(r)->field[0][USER_SHOW_POLICIES],
	                    "imap=off networks=10.0.0.0/8,::1/128");
}

static void read_only(struct rig *r)
{
	struct rig_verdict *v;

	add(r, "ann@example.org");
	v = by_plain(r, (char *)"secret");
	assert_int_equal(r->mail[v->partition].terms, 0);
	set(r, "server", "read-only on");
	v = by_plain(r, (char *)"secret");
	assert_int_equal(v->code, ERR_OK);
	assert_int_equal(r->mail[v->partition].terms, TERM_READ_ONLY);
	set(r, "ann@example.org", "read-only off");
	v = by_plain(r, (char *)"secret");
	assert_int_equal(r->mail[v->partition].terms, 0);
}

static void audited(struct rig *r)
{
	struct rig_verdict *v;

	add(r, "ann@example.org");
	set(r, "@example.org", "audit deletions");
	set(r, "server", "read-only on");
	v = by_plain(r, (char *)"secret");
	assert_int_equal(r->mail[v->partition].terms,
	                 TERM_READ_ONLY | TERM_AUDITED);
	set(r, "ann@example.org", "audit changes");
	v = by_plain(r, (char *)"secret");
	assert_int_equal(r->mail[v->partition].terms, TERM_READ_ONLY);
}

static void delivery(struct rig *r)
{
	static const struct {
		const char *setting;
		enum err_code code;
	} cases[] = {
		{ "imap off", ERR_OK },
		{ "passwords off", ERR_OK },
		{ "networks 10.0.0.0/8", ERR_OK },
		{ "read-only on", ERR_OK },
		{ "expires 2001-02-03", ERR_OK },
		{ "suspended deliver", ERR_OK },
		{ "suspended defer", ERR_CONTACTADMIN },
	};

	add(r, "ann@example.org");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(set(r, "@example.org", cases[i].setting),
		                 ERR_OK);
		assert_int_equal(rig_lookup(r, "ann+x@example.org")->code,
		                 cases[i].code);
	}
	assert_int_equal(rig_lookup(r, "bob@example.org")->code, ERR_ABSENT);
}

/* -- who may stay -- */

static void present_by(struct rig *r, const struct rig_verdict *who,
                       const char *session, const char *address,
                       uint64_t credential, uint8_t terms)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_PRESENT);
	frame_u64(&f, who->account);
	frame_slice(&f, slice_cstr(session));
	frame_slice(&f, slice_cstr(address));
	frame_u64(&f, credential);
	frame_u8(&f, terms);
	link_send(r->mail[who->partition].link, &f, -1);
	rig_settle(r);
}

static void present(struct rig *r, const struct rig_verdict *who,
                    const char *session, const char *address, uint8_t terms)
{
	present_by(r, who, session, address, 0, terms);
}

static void roll_calls(struct rig *r)
{
	const struct rig_verdict *v;
	struct rig_mail *m;
	unsigned before;

	add(r, "ann@example.org");
	v = by_plain(r, (char *)"secret");
	m = &r->mail[v->partition];
	/* a process that comes is asked */
	assert_int_equal(m->roll_calls, 1);
	assert_int_equal(m->called_account, 0);
	set(r, "ann@example.org", "networks 10.0.0.0/8");
	assert_int_equal(m->roll_calls, 2);
	assert_int_equal(m->called_account, v->account);
	before = r->mail[1 - v->partition].roll_calls;
	set(r, "@example.org", "passwords off");
	assert_int_equal(m->roll_calls, 3);
	assert_int_equal(m->called_account, 0);
	assert_int_equal(r->mail[1 - v->partition].roll_calls, before + 1);

	present(r, v, "00112233445566aa", "10.2.3.4", 0);
	assert_int_equal(m->ends, 0); /* what it came in by isn't looked at */
	present(r, v, "00112233445566bb", "11.2.3.4", 0);
	assert_int_equal(m->ends, 1);
	assert_int_equal(m->ended_account, v->account);
	assert_string_equal(m->ended, "00112233445566bb");
	set(r, "server", "read-only on");
	present(r, v, "00112233445566aa", "10.2.3.4", TERM_READ_ONLY);
	assert_int_equal(m->ends, 1);
	present(r, v, "00112233445566cc", "10.2.3.4", 0);
	assert_int_equal(m->ends, 2);
	present(r, v, "", "", TERM_READ_ONLY);
	assert_int_equal(m->ends, 2);
	present(r, v, "", "", 0); /* those who visit it */
	assert_int_equal(m->ends, 3);
	assert_string_equal(m->ended, "");
	set(r, "ann@example.org", "audit deletions");
	present(r, v, "00112233445566ee", "10.2.3.4",
	        TERM_READ_ONLY | TERM_AUDITED);
	assert_int_equal(m->ends, 3);
	present(r, v, "00112233445566ee", "10.2.3.4", TERM_READ_ONLY);
	assert_int_equal(m->ends, 4);
	set(r, "server", "read-only off"); /* it could do more now */
	present(r, v, "00112233445566ff", "10.2.3.4",
	        TERM_READ_ONLY | TERM_AUDITED);
	assert_int_equal(m->ends, 5);
	present(r, v, "00112233445566ff", "10.2.3.4", TERM_AUDITED);
	assert_int_equal(m->ends, 5);
	rig_verb(r, FRAME_USER_DISABLE, "ann@example.org", NULL);
	present(r, v, "00112233445566dd", "10.2.3.4", TERM_AUDITED);
	assert_int_equal(m->ends, 6);
}

/* When the time that was said has come, which must not be over by then. */
static void expiry(struct rig *r)
{
	char text[64];
	time_t then;
	struct tm tm;
	unsigned calls;

	add(r, "ann@example.org");
	set(r, "server", "expires 2001-02-03");
	set(r, "ann@example.org", "expires never");
	do {
		then = time(NULL) + 2;
		strftime(text, sizeof text, "expires %Y-%m-%dT%H:%M:%SZ",
		         gmtime_r(&then, &tm));
		set(r, "@example.org", text);
		calls = r->mail[0].roll_calls;
	} while (time(NULL) >= then);
	while (r->mail[0].roll_calls == calls)
		task_sleep(50);
	assert_true(time(NULL) >= then);
	rig_settle(r); /* of all */
	calls = r->mail[0].roll_calls;
	task_sleep(1500);
	assert_int_equal(r->mail[0].roll_calls, calls); /* once */
}

#define CASE(test, fn)                 \
	static void test(void **state) \
	{                              \
		(void)state;           \
		rig_run(fn, NULL);     \
	}

CASE(test_setting, setting)
CASE(test_refused, refused)
CASE(test_forgotten, forgotten)
CASE(test_many, many)
CASE(test_each_in_each_way, each_in_each_way)
CASE(test_in_short, in_short)
CASE(test_read_only, read_only)
CASE(test_audited, audited)
CASE(test_delivery, delivery)
CASE(test_roll_calls, roll_calls)
CASE(test_expiry, expiry)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setting),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_each_in_each_way),
		cmocka_unit_test(test_in_short),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_audited),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_roll_calls),
		cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
