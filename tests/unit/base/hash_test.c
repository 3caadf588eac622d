/* hash_test.c -- known answers, and the promises that have none. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/encode.h"

static void assert_content(struct slice first, struct slice second,
                           struct slice hex)
{
	struct content_hasher *h = content_hasher_new();
	struct content_hash hash;
	struct buf out = { 0 };

	content_hasher_add(h, first);
	content_hasher_add(h, second);
	hash = content_hasher_end(h);
	hex_encode(slice_of(hash.bytes, sizeof hash.bytes), &out);
	assert_true(slice_eq(buf_slice(&out), hex));
	buf_free(&out);
}

/* FIPS 180-2, appendix B, in two pieces. */
static void test_content(void **state)
{
	(void)state;
	assert_content(S(""), S(""),
	               S("e3b0c44298fc1c149afbf4c8996fb924"
	                 "27ae41e4649b934ca495991b7852b855"));
	assert_content(S("a"), S("bc"),
	               S("ba7816bf8f01cfea414140de5dae2223"
	                 "b00361a396177a9cb410ff61f20015ad"));
	assert_content(S("abc"), S(""),
	               S("ba7816bf8f01cfea414140de5dae2223"
	                 "b00361a396177a9cb410ff61f20015ad"));
}

/* XXH3's own answer for nothing: it is on disk, so it must never change. */
static void test_check(void **state)
{
	(void)state;
	assert_true(hash_check(S("")) == 0x2d06800538d394c2);
	assert_true(hash_check(S("a")) != hash_check(S("b")));
}

/*
 * SipHash-1-3 with key 00 01 .. 0f of the first n bytes 00 01 02 ..; the
 * answers were made with OpenSSL's SIPHASH (c-rounds 1, d-rounds 3).
 */
static void test_siphash(void **state)
{
	static const uint64_t key[2] = { 0x0706050403020100,
		                         0x0f0e0d0c0b0a0908 };
	static const struct {
		size_t len;
		uint64_t hash;
	} rows[] = {
		{ 0, 0xabac0158050fc4dc },  { 1, 0xc9f49bf37d57ca93 },
		{ 7, 0xd3927d989bb11140 },  { 8, 0x369095118d299a8e },
		{ 9, 0x25a48eb36c063de4 },  { 15, 0xd320d86d2a519956 },
		{ 16, 0xcc4fdd1a7d908b66 }, { 63, 0x9d199062b7bbb3a8 },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(hash_siphash(key, slice_of(text, rows[i].len)) ==
		            rows[i].hash);
}

static void test_keyed(void **state)
{
	(void)state;
	assert_true(hash_keyed(S("a")) == hash_keyed(S("a")));
	assert_true(hash_keyed(S("a")) != hash_keyed(S("b")));
}

static void test_secret_eq(void **state)
{
	(void)state;
	assert_true(secret_eq(S(""), slice_of(NULL, 0)));
	assert_true(secret_eq(S("secret"), S("secret")));
	assert_false(secret_eq(S("secret"), S("secres")));
	assert_false(secret_eq(S("secret"), S("secre")));
	assert_false(secret_eq(S(""), S("s")));
}

static void test_random(void **state)
{
	char a[1000] = { 0 };
	char b[1000] = { 0 };

	(void)state;
	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	assert_true(random_u64() != random_u64());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content),   cmocka_unit_test(test_check),
		cmocka_unit_test(test_siphash),   cmocka_unit_test(test_keyed),
		cmocka_unit_test(test_secret_eq), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
