/* message_test.c -- the messages of RFC 7628's examples, of others, and
 * what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "edge.h"
#include "token/message.h"

#define RFC_TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

struct row {
	struct slice message;
	const char *user;
	const char *token;
};

#define M(text)                           \
	{                                 \
		"" text, sizeof(text) - 1 \
	}

/* clang-format off */
static const struct row bearer[] = {
	/* RFC 7628 section 4.1 */
	{ M("n,a=user@example.com,\1host=server.example.com\1port=143\1"
	    "auth=Bearer " RFC_TOKEN "\1\1"), "user@example.com", RFC_TOKEN },
	/* section 4.3: the client asks where tokens can be had */
	{ M("n,a=user@example.com,\1host=server.example.com\1port=143\1"
	    "auth=\1\1"), "user@example.com", "" },
	{ M("n,,\1auth=Bearer abc\1\1"), "", "abc" },
	{ M("y,,\1auth=bearer   a.b-c_d~e+f/==\1\1"), "", "a.b-c_d~e+f/==" },
	{ M("n,a=a=2Cb=3Dc,\1auth=Bearer x\1\1"), "a,b=c", "x" },
	{ M("n,a=\xc3\xa4@example.org,\1auth=Bearer x\1other=1 2\t\1\1"),
	  "\xc3\xa4@example.org", "x" },
};

static const struct row xoauth2[] = {
	{ M("user=ann@example.org\1auth=Bearer abc\1\1"), "ann@example.org",
	  "abc" },
	{ M("user=\1auth=Bearer abc\1\1"), "", "abc" },
};

static const struct slice not_bearer[] = {
	M(""), M("\1"), M("\1\1"), M("n,,"), M("n,,\1"), M("n,,\1\1"),
	M("n,\1auth=Bearer x\1\1"), M("\1auth=Bearer x\1\1"),
	M("n,,\1auth=Bearer x\1"), M("n,,\1auth=Bearer x"),
	M("n,,\1auth=Bearer x\1\1\1"), M("n,,\1auth=Bearer x\1\1y"),
	M("p=tls-exporter,,\1auth=Bearer x\1\1"),
	M("F,n,,\1auth=Bearer x\1\1"), M("n,,,\1auth=Bearer x\1\1"),
	M("n,ann,\1auth=Bearer x\1\1"), M("n,a=,\1auth=Bearer x\1\1"),
	M("n,a=a=2c,\1auth=Bearer x\1\1"), M("n,a=a=,\1auth=Bearer x\1\1"),
	M("n,a=a\0b,\1auth=Bearer x\1\1"),
	M("n,,\1auth=Basic x\1\1"), M("n,,\1auth=Bearer\1auth=Bearer x\1\1"),
	M("n,,\1auth=Bearer a b\1\1"), M("n,,\1auth=Bearer a=b\1\1"),
	M("n,,\1auth=Bearer a\0b\1\1"), M("n,,\1auth=Bearer \xff\1\1"),
	M("n,,\1=x\1auth=Bearer x\1\1"), M("n,,\1a1=x\1auth=Bearer x\1\1"),
	M("n,,\1host\1auth=Bearer x\1\1"), M("n,,\1host=\0\1auth=Bearer x\1\1"),
	M("n,,\1host=x\1\1"), M("user=ann\1auth=Bearer x\1\1"),
};

static const struct slice not_xoauth2[] = {
	M(""), M("user="), M("user=ann\1\1"), M("ann\1auth=Bearer x\1\1"),
	M("user=ann\1auth=Bearer x\1"), M("user=a\0b\1auth=Bearer x\1\1"),
	M("n,,\1auth=Bearer x\1\1"),
};
/* clang-format on */

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void check(enum sasl m, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct edge e = edge_new(rows[i].message);
		struct token_message out;

		assert_null(token_message_parse(m, e.text, &out));
		assert_true(slice_eq(buf_slice(&out.user),
		                     slice_cstr(rows[i].user)));
		assert_true(slice_eq(out.token, slice_cstr(rows[i].token)));
		buf_free(&out.user);
		edge_free(&e);
	}
}

static void check_wrong(enum sasl m, const struct slice *messages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct edge e = edge_new(messages[i]);
		struct token_message out;

		assert_non_null(token_message_parse(m, e.text, &out));
		assert_null(out.user.data);
		edge_free(&e);
	}
}

static void test_bearer(void **state)
{
	(void)state;
	check(SASL_OAUTHBEARER, bearer, COUNT(bearer));
	check_wrong(SASL_OAUTHBEARER, not_bearer, COUNT(not_bearer));
}

static void test_xoauth2(void **state)
{
	(void)state;
	check(SASL_XOAUTH2, xoauth2, COUNT(xoauth2));
	check_wrong(SASL_XOAUTH2, not_xoauth2, COUNT(not_xoauth2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_xoauth2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
