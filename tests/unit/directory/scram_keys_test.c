/* scram_keys_test.c -- the examples of RFC 5802 and RFC 7677, and round
 * trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "directory/password.h"

/* Their salts; the stored keys are what those exchanges prove. */
#define RFC7677                                         \
	"4096,W22ZaJ0SNY7soEsUEjb6gQ==,"                \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define RFC5802                         \
	"4096,QSXCR+Q6sek8bf92,"        \
	"6dlGYMOdZcOPutkcNY8U2g7vK9Y=," \
	"D+CSWLOshSulAsxiupA+qs2/fTE="

static bool verifies(enum scram_hash hash, const char *text, const char *secret)
{
	bool is_right = false;

	assert_true(scram_keys_verify(hash, slice_cstr(text),
	                              slice_cstr(secret), &is_right));
	return is_right;
}

static void test_examples(void **state)
{
	(void)state;
	assert_true(verifies(SCRAM_SHA_256, RFC7677, "pencil"));
	assert_false(verifies(SCRAM_SHA_256, RFC7677, "Pencil"));
	assert_true(verifies(SCRAM_SHA_1, RFC5802, "pencil"));
	assert_false(verifies(SCRAM_SHA_1, RFC5802, "pencils"));
}

static void test_made(void **state)
{
	struct buf one = { 0 };
	struct buf two = { 0 };
	struct scram_keys keys;

	(void)state;
	assert_true(
		scram_keys_make(SCRAM_SHA_256, S("p\xc3\xa9ncil"), 5000, &one));
	assert_true(
		scram_keys_make(SCRAM_SHA_256, S("p\xc3\xa9ncil"), 5000, &two));
	assert_false(slice_eq(buf_slice(&one), buf_slice(&two)));
	assert_true(scram_keys_parse(buf_slice(&one), &keys));
	assert_int_equal(keys.rounds, 5000);
	assert_int_equal(keys.server_key.len, 44);
	buf_byte(&one, '\0');
	/* however a client composes its letters, RFC 4013 */
	assert_true(verifies(SCRAM_SHA_256, one.data, "pe\xcc\x81ncil"));
	assert_false(scram_keys_make(SCRAM_SHA_256, S("a\0b"), 5000, &two));
	buf_free(&one);
	buf_free(&two);
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"4096",
		"4096,QSXCR",
		"4096,QSXCR,",
		"0,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=",
		"x,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=",
		"10000001,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=",
		"4096,Q,6dlGYMOdZcOPutkcNY8U2g7vK9Y=",
		"4096,QSXCR+Q6sek8bf92,short",
	};
	bool is_right;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_false(scram_keys_verify(SCRAM_SHA_1,
		                               slice_cstr(texts[i]),
		                               S("pencil"), &is_right));
}

static struct buf imitate(const char *secret, const char *name)
{
	struct buf out = { 0 };

	scram_keys_imitate(SCRAM_SHA_256, slice_cstr(secret), slice_cstr(name),
	                   4096, &out);
	return out;
}

/* Always the same for a name, and of the form of real ones. */
static void test_imitation(void **state)
{
	struct buf ann = imitate("s", "ann@example.org");
	struct buf again = imitate("s", "ann@example.org");
	struct buf bob = imitate("s", "bob@example.org");
	struct buf elsewhere = imitate("t", "ann@example.org");
	struct buf real = { 0 };

	(void)state;
	assert_true(scram_keys_make(SCRAM_SHA_256, S("x"), 4096, &real));
	assert_int_equal(ann.len, real.len);
	assert_true(slice_eq(buf_slice(&ann), buf_slice(&again)));
	assert_false(slice_eq(buf_slice(&ann), buf_slice(&bob)));
	assert_false(slice_eq(buf_slice(&ann), buf_slice(&elsewhere)));
	buf_free(&ann);
	buf_free(&again);
	buf_free(&bob);
	buf_free(&elsewhere);
	buf_free(&real);
}

/* A stored password has a form for each purpose. */
static void test_forms(void **state)
{
	struct password_cost cost = { 64, 1, 1, { 4096, 0 } };
	struct password_cost both = { 64, 1, 1, { 4096, 4096 } };
	struct password_cost neither = { 64, 1, 1, { 0, 0 } };
	struct buf stored = { 0 };

	(void)state;
	assert_true(password_hash(S("pencil"), both, &stored));
	assert_in_range(stored.len, 1, PASSWORD_STORED);
	stored.len = 0;
	assert_true(password_hash(S("pencil"), cost, &stored));
	assert_int_equal(
		password_verify(buf_slice(&stored), S("pencil"), false),
		PASSWORD_RIGHT);
	assert_int_equal(password_verify(buf_slice(&stored), S("x"), false),
	                 PASSWORD_WRONG);
	assert_true(
		slice_eq(password_scheme(buf_slice(&stored)), S("ARGON2ID")));
	assert_true(password_is_current(buf_slice(&stored), cost));
	assert_false(password_is_current(buf_slice(&stored), both));
	assert_false(password_is_current(buf_slice(&stored), neither));
	assert_int_not_equal(
		password_form(buf_slice(&stored), S("SCRAM-SHA-256")).len, 0);
	assert_int_equal(
		password_form(buf_slice(&stored), S("SCRAM-SHA-1")).len, 0);
	assert_int_equal(password_form(S(""), S("SCRAM-SHA-1")).len, 0);
	buf_free(&stored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_imitation),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
