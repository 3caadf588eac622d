/*
 * digest_check_test.c -- a digest from a hostile process: what is believed
 * of it, and what is not; and the digest that says nothing. LIMIT_DIGEST
 */
#include "mime/digest_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "mime/digest_layout.h"
#include "text_cases.h"

#define NESTED                                                                \
	"Subject: \"quoted\" \\ text\r\nFrom: Ann <ann@example.org>\r\n"      \
	"Date: Thu, 1 Jan 2026 00:00:00 +0100\r\nMIME-Version: 1.0\r\n"       \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n" \
	"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ntwo"   \
	"\r\n--b\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<p>\r\n"   \
	"--b--\r\n"

static struct buf good(void)
{
	struct buf raw = { 0 };

	digest_make(S(NESTED), &raw);
	return raw;
}

static bool passes(const struct buf *raw)
{
	return is_ok(digest_check(buf_slice(raw), sizeof NESTED - 1));
}

static void test_true_ones(void **state)
{
	static const struct slice messages[] = {
		S(NESTED), S("x"), S("\r\n"), S("A: b\r\n\r\nbody"), S("\0"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct buf raw = { 0 };

		digest_make(messages[i], &raw);
		assert_true(
			is_ok(digest_check(buf_slice(&raw), messages[i].len)));
		assert_false(is_ok(
			digest_check(buf_slice(&raw), messages[i].len + 1)));
		buf_free(&raw);
	}
}

/* Where a field lies. */
static size_t field_at(const struct buf *raw, enum digest_field field)
{
	struct digest d;

	assert_true(is_ok(digest_open(buf_slice(raw), &d)));
	return (size_t)(digest_field(&d, field).ptr - raw->data);
}

/* What would be sent to a client, octet by octet. */
static void test_wire_forms(void **state)
{
	static const enum digest_field fields[] = { DIGEST_ENVELOPE,
		                                    DIGEST_BODYSTRUCTURE,
		                                    DIGEST_BODY };
	static const char hostile[] = "\r\n\0\x7f\x80\xff{()\"\\";

	(void)state;
	for (size_t f = 0; f < COUNT(fields); f++) {
		struct buf raw = good();
		size_t at = field_at(&raw, fields[f]);

		for (size_t i = 0; i < sizeof hostile - 1; i++) {
			char before = raw.data[at];

			if (hostile[i] == before)
				continue;
			raw.data[at] = hostile[i];
			assert_false(passes(&raw));
			raw.data[at] = before;
			before = raw.data[at + 2];
			raw.data[at + 2] = hostile[i];
			assert_true(i > 5 || !passes(&raw));
			raw.data[at + 2] = before;
		}
		assert_true(passes(&raw));
		buf_free(&raw);
	}
}

/* Legal words, but not a list of them. */
static void test_lists(void **state)
{
	static const struct {
		const char *of, *becomes;
	} cases[] = {
		{ "NIL NIL", "NILNIL " }, { " NIL", "  IL" },
		{ " NIL ", "NIL  " },     { "NIL NIL", "NIL\"\" \"" },
		{ "\" (", "\"1(" },       { ") NIL", ")1NIL" },
		{ ") NIL", ")  12" },     { "NIL)", "NI )" },
		{ "NIL)", "12 )" },       { " NIL)", " () )" },
		{ "NIL NIL", "(12)123" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf raw = good();
		struct digest d;
		struct slice body;
		size_t at;

		assert_true(is_ok(digest_open(buf_slice(&raw), &d)));
		body = digest_field(&d, DIGEST_BODYSTRUCTURE);
		at = slice_find(body, slice_cstr(cases[i].of));
		if (at == SLICE_NONE)
			fail_msg("no %s", cases[i].of);
		at += (size_t)(body.ptr - raw.data);
		memcpy(raw.data + at, cases[i].becomes,
		       strlen(cases[i].becomes));
		if (passes(&raw))
			fail_msg("%s as %s", cases[i].of, cases[i].becomes);
		buf_free(&raw);
	}
}

struct number_case {
	size_t at; /* in the head, or in the last parts */
	uint32_t value;
	bool part; /* of part 1 */
};

static void test_numbers(void **state)
{
	static const struct number_case cases[] = {
		{ 0, 2, false },               /* version */
		{ 4, DIGEST_UNPARSED, false }, /* flags */
		{ 4, 1u << 31, false },
		{ 12, 0x7fffffff, false }, /* Date: */
		{ 12, 0x80000000, false },
		{ 16, 0, false }, /* size */
		{ 20, 0, false }, /* parts */
		{ 20, UINT32_MAX, false },
		{ 24, 0, false }, /* charsets */
		{ 28, UINT32_MAX, false },
		{ 0, 0, true }, /* header before its parent's body */
		{ 4, UINT32_MAX, true },
		{ 8, UINT32_MAX, true },
		{ 12, 10000, true },
		{ 20, 0, true }, /* next: the others are nobody's */
		{ 20, 1, true }, /* itself */
		{ 24, 2, true }, /* child of a text */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf raw = good();
		size_t parts = raw.len - 5 * PART_SIZE;
		size_t at = cases[i].part ? parts + PART_SIZE : 0;

		assert_true(passes(&raw));
		put_le32(raw.data + at + cases[i].at, cases[i].value);
		if (passes(&raw))
			fail_msg("case %zu", i);
		buf_free(&raw);
	}
}

/* Two parents must not share a child: walks would grow without end. */
static void test_tree(void **state)
{
	struct buf raw = good();
	char *parts = raw.data + raw.len - 5 * PART_SIZE;

	(void)state;
	/* the embedded message's entity becomes its parent's sibling, too */
	assert_int_equal(get_le32(parts + 2 * PART_SIZE + 24), 3);
	put_le32(parts + 2 * PART_SIZE + 20, 3);
	assert_false(passes(&raw));
	buf_free(&raw);
}

static void test_length(void **state)
{
	struct buf raw = good();
	struct buf most = { 0 };

	(void)state;
	for (size_t n = 0; n < raw.len; n++)
		assert_false(is_ok(digest_check(slice_of(raw.data, n),
		                                sizeof NESTED - 1)));
	buf_byte(&raw, '\0');
	assert_false(passes(&raw));
	buf_free(&raw);
	/* one field as long as LIMIT_DIGEST allows, and one octet longer */
	digest_make(S("x"), &most);
	assert_true(is_ok(digest_check(buf_slice(&most), 1)));
	for (size_t beyond = 0; beyond < 2; beyond++) {
		struct buf big = { 0 };
		size_t more = LIMIT_DIGEST + beyond - most.len;

		buf_add(&big, slice_first(buf_slice(&most), DIGEST_HEAD));
		memset(buf_room(&big, more), 'x', more);
		big.len += more;
		put_le32(big.data + 28,
		         get_le32(big.data + 28) + (uint32_t)more);
		buf_add(&big, slice_from(buf_slice(&most), DIGEST_HEAD));
		assert_int_equal(is_ok(digest_check(buf_slice(&big), 1)),
		                 beyond == 0);
		buf_free(&big);
	}
	buf_free(&most);
}

/* Whatever octet is changed, what passes can be sent and walked. */
static void test_every_octet(void **state)
{
	static const char values[] = "\0\x01\x02\x7f\x80\xff\"(\\ \r";
	struct buf raw = good();

	(void)state;
	for (size_t i = 0; i < raw.len * (sizeof values - 1); i++) {
		size_t at = i / (sizeof values - 1);
		char before = raw.data[at];
		struct digest d;
		struct slice wire;

		raw.data[at] = values[i % (sizeof values - 1)];
		if (passes(&raw)) {
			assert_true(is_ok(digest_open(buf_slice(&raw), &d)));
			wire = digest_field(&d, DIGEST_ENVELOPE);
			assert_true(slice_find_byte(wire, '\r') == SLICE_NONE);
			assert_true(wire.ptr[wire.len - 1] == ')');
		}
		raw.data[at] = before;
	}
	buf_free(&raw);
}

/* -- opaque -- */

struct opaque_case {
	struct slice message;
	uint32_t header;
	uint32_t lines;
	bool nul;
};

static void check_opaque(const struct opaque_case *c, size_t chunk)
{
	struct slice rest = c->message;
	struct digest_opaque o = { 0 };
	struct buf raw = { 0 };
	struct digest d;
	struct part p;

	for (; rest.len != 0; rest = slice_from(rest, chunk))
		digest_opaque_feed(&o, slice_first(rest, chunk));
	digest_opaque_finish(&o, &raw);
	assert_true(is_ok(digest_open(buf_slice(&raw), &d)));
	p = digest_part(&d, 0);
	assert_int_equal(d.size, c->message.len);
	assert_int_equal(p.header_len, c->header);
	assert_int_equal(p.body_len, c->message.len - c->header);
	assert_int_equal(p.lines, c->lines);
	assert_true((d.flags & DIGEST_UNPARSED) != 0);
	assert_int_equal((d.flags & DIGEST_HAS_NUL) != 0, c->nul);
	/* only a parser may not claim it */
	put_le32(raw.data + 4, d.flags & ~(uint32_t)DIGEST_UNPARSED);
	assert_true(is_ok(digest_check(buf_slice(&raw), c->message.len)));
	buf_free(&raw);
}

static void test_opaque(void **state)
{
	static const struct opaque_case cases[] = {
		{ S("A: b\r\n\r\none\r\ntwo\r\n"), 8, 2, false },
		{ S("A: b\r\n\r\none\r\ntwo"), 8, 1, false },
		{ S("A: b\r\nC: d\r\n"), 12, 0, false },
		{ S("A: b"), 4, 0, false },
		{ S("\r\nbody\r\n\r\n"), 2, 2, false },
		{ S("A: b\r\n\r\n"), 8, 0, false },
		{ S("A:\0\r\n\r\n\0"), 7, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t chunk = 1; chunk < 16; chunk++)
			check_opaque(&cases[i], chunk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_true_ones),
		cmocka_unit_test(test_wire_forms),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_opaque),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
