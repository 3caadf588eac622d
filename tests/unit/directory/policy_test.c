/* policy_test.c -- values of policies have one form, and which one counts. */
#include "directory/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge.h"

static void forms(void **state)
{
	/* NULL: no value of that policy */
	static const struct {
		enum policy policy;
		const char *value;
		const char *normal;
	} cases[] = {
		{ POLICY_IMAP, "on", "on" },
		{ POLICY_IMAP, " OFF ", "off" },
		{ POLICY_IMAP, "", NULL },
		{ POLICY_IMAP, "yes", NULL },
		{ POLICY_IMAP, "of", NULL },
		{ POLICY_IMAP, "on,off", NULL },
		{ POLICY_READ_ONLY, "on", "on" },
		{ POLICY_PASSWORDS, "off", "off" },
		{ POLICY_MAIN_PASSWORD, "Never", "never" },
		{ POLICY_MAIN_PASSWORD, "off", NULL },
		{ POLICY_SUSPENDED, "Defer", "defer" },
		{ POLICY_SUSPENDED, "on", NULL },
		{ POLICY_NETWORKS, "any", "any" },
		{ POLICY_NETWORKS, "ANY", "any" },
		{ POLICY_NETWORKS, "192.0.2.0/24", "192.0.2.0/24" },
		{ POLICY_NETWORKS, "192.0.2.1", "192.0.2.1/32" },
		{ POLICY_NETWORKS, "0.0.0.0/0", "0.0.0.0/0" },
		{ POLICY_NETWORKS, "::/0", "::/0" },
		{ POLICY_NETWORKS, "::1,10.0.0.0/8", "::1/128, 10.0.0.0/8" },
		{ POLICY_NETWORKS, "2001:DB8:0::/32 , ,10.0.0.0/8,",
		  "2001:db8::/32, 10.0.0.0/8" },
		{ POLICY_NETWORKS, "192.0.2.1/24", NULL }, /* bits behind it */
		{ POLICY_NETWORKS, "192.0.2.0/33", NULL },
		{ POLICY_NETWORKS, "192.0.2.0/24,any", NULL },
		{ POLICY_NETWORKS, "192.0.2.0/24,example.org", NULL },
		{ POLICY_NETWORKS, "unix", NULL },
		{ POLICY_NETWORKS, ", ,", NULL },
		{ POLICY_NETWORKS, "", NULL },
		{ POLICY_COUNTRIES, "at", "AT" },
		{ POLICY_COUNTRIES, "at,DE Unknown", "AT, DE, unknown" },
		{ POLICY_COUNTRIES, "AUT", NULL },
		{ POLICY_COUNTRIES, "A1", NULL },
		{ POLICY_COUNTRIES, "\xc3\x84", NULL },
		{ POLICY_COUNTRIES, "AT,any", NULL },
		{ POLICY_EXPIRES, "never", "never" },
		{ POLICY_EXPIRES, "2026-12-31", "2026-12-31T00:00:00Z" },
		{ POLICY_EXPIRES, "2026-12-31T18:30Z", "2026-12-31T18:30:00Z" },
		{ POLICY_EXPIRES, "2028-02-29T23:59:59Z",
		  "2028-02-29T23:59:59Z" },
		{ POLICY_EXPIRES, "2027-02-29", NULL },
		{ POLICY_EXPIRES, "2026-13-01", NULL },
		{ POLICY_EXPIRES, "2026-00-01", NULL },
		{ POLICY_EXPIRES, "2026-12-31T24:00Z", NULL },
		{ POLICY_EXPIRES, "2026-12-31T18:30", NULL }, /* where? */
		{ POLICY_EXPIRES, "2026-12-31 18:30", NULL },
		{ POLICY_EXPIRES, "2026-12-31T18:30Zx", NULL },
		{ POLICY_EXPIRES, "1969-12-31", NULL },
		{ POLICY_EXPIRES, "26-12-31", NULL },
		{ POLICY_EXPIRES, "31.12.2026", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct edge at = edge_new(slice_cstr(cases[i].value));
		struct buf out = { 0 };
		struct err e = policy_normal(cases[i].policy, at.text, &out);
		struct slice want = cases[i].normal != NULL
		                            ? slice_cstr(cases[i].normal)
		                            : S("");

		if (!slice_eq(buf_slice(&out), want))
			fail_msg("\"%s\" is \"%.*s\"", cases[i].value,
			         (int)out.len, out.data);
		assert_int_equal(e.code,
		                 cases[i].normal != NULL ? ERR_OK : ERR_SYNTAX);
		buf_free(&out);
		edge_free(&at);
	}
}

/* LIMIT_POLICY. Of a normal form the normal form is itself. */
static void as_long_as_may_be(void **state)
{
	struct buf value = { 0 };
	struct buf out = { 0 };
	struct buf again = { 0 };

	(void)state;
	buf_add(&value, S("10.0.0.1/32"));
	while (value.len + 13 < LIMIT_POLICY)
		buf_add(&value, S(", 10.0.0.0/32"));
	assert_int_equal(
		policy_normal(POLICY_NETWORKS, buf_slice(&value), &out).code,
		ERR_OK);
	assert_int_equal(
		policy_normal(POLICY_NETWORKS, buf_slice(&out), &again).code,
		ERR_OK);
	assert_true(slice_eq(buf_slice(&out), buf_slice(&again)));
	while (value.len <= LIMIT_POLICY)
		buf_byte(&value, ' ');
	out.len = 0;
	assert_int_equal(
		policy_normal(POLICY_NETWORKS, buf_slice(&value), &out).code,
		ERR_SYNTAX);
	/* short enough to be read, too long when it is written out */
	value.len = 0;
	while (value.len + 9 < LIMIT_POLICY)
		buf_add(&value, S("10.0.0.1,"));
	assert_int_equal(
		policy_normal(POLICY_NETWORKS, buf_slice(&value), &out).code,
		ERR_SYNTAX);
	assert_int_equal(out.len, 0);
	buf_free(&value);
	buf_free(&out);
	buf_free(&again);
}

static void names(void **state)
{
	enum policy p;

	(void)state;
	for (unsigned i = 0; i < POLICIES; i++) {
		assert_true(policy_find(policy_name((enum policy)i), &p));
		assert_int_equal(p, i);
	}
	assert_true(policy_find(S("IMAP"), &p));
	assert_false(policy_find(S(""), &p));
	assert_false(policy_find(S("imaps"), &p));
}

static void nearest_counts(void **state)
{
	struct policies all;

	(void)state;
	policies_init(&all);
	assert_int_equal(all.v[POLICY_IMAP].choice, POLICY_ON);
	assert_int_equal(all.v[POLICY_PASSWORDS].choice, POLICY_ON);
	assert_int_equal(all.v[POLICY_READ_ONLY].choice, POLICY_OFF);
	assert_int_equal(all.v[POLICY_SUSPENDED].choice, SUSPENDED_NO);
	assert_int_equal(all.v[POLICY_MAIN_PASSWORD].choice,
	                 MAIN_PASSWORD_NEVER);
	assert_int_equal(policy_time(all.v[POLICY_EXPIRES].text), INT64_MAX);
	/* in any order */
	policies_add(&all, S("@example.org"), S("imap"), S("off"));
	policies_add(&all, S(""), S("imap"), S("on"));
	assert_int_equal(all.v[POLICY_IMAP].choice, POLICY_OFF);
	assert_int_equal(all.v[POLICY_IMAP].origin, ORIGIN_DOMAIN);
	policies_add(&all, S("ann@example.org"), S("imap"), S("on"));
	assert_int_equal(all.v[POLICY_IMAP].choice, POLICY_ON);
	assert_int_equal(all.v[POLICY_IMAP].origin, ORIGIN_ACCOUNT);
	/* what we don't understand */
	policies_add(&all, S(""), S("imap"), S("perhaps"));
	policies_add(&all, S(""), S("pop"), S("off"));
	policies_add(&all, S(""), S("read-only"), S("sometimes"));
	assert_int_equal(all.v[POLICY_IMAP].choice, POLICY_ON);
	assert_int_equal(all.v[POLICY_READ_ONLY].choice, POLICY_OFF);
}

static bool has(const char *networks, const char *text)
{
	struct network n;

	assert_true(network_parse(slice_cstr(text), &n));
	return policy_has_network(slice_cstr(networks), &n.base);
}

static void meanings(void **state)
{
	const struct address nowhere = { { 0 } };

	(void)state;
	assert_true(has("any", "192.0.2.1"));
	assert_true(has("10.0.0.0/8, 192.0.2.0/24", "192.0.2.255"));
	assert_false(has("10.0.0.0/8, 192.0.2.0/24", "192.0.3.0"));
	assert_false(has("10.0.0.0/8", "::a00:1"));
	assert_true(has("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(has("2001:db8::/32", "2001:db9::1"));
	assert_false(has("2001:db8::/32", "192.0.2.1"));
	/* who comes over a Unix socket is in no network */
	assert_true(policy_has_network(S("any"), &nowhere));
	assert_false(policy_has_network(S("0.0.0.0/0, 2000::/3"), &nowhere));

	assert_true(policy_has_country(S("any"), S("")));
	assert_true(policy_has_country(S("AT, DE"), S("DE")));
	assert_false(policy_has_country(S("AT, DE"), S("FR")));
	assert_false(policy_has_country(S("AT, DE"), S("")));
	assert_true(policy_has_country(S("AT, unknown"), S("")));
	assert_false(policy_has_country(S("unknown"), S("AT")));

	assert_int_equal(policy_time(S("1970-01-02T00:00:01Z")), 86401);
	assert_int_equal(policy_time(S("never")), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),    cmocka_unit_test(as_long_as_may_be),
		cmocka_unit_test(names),    cmocka_unit_test(nearest_counts),
		cmocka_unit_test(meanings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
