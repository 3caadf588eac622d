/*
 * described_test.c -- what BODYSTRUCTURE says, read back part by part; and
 * its wire forms, whole and broken.
 */
#include "mime/described.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "text_cases.h"

enum { MOST = 8 };

/* A digest, the bytes it lies in and what it says. */
struct made {
	struct buf raw;
	struct digest d;
	struct described v[MOST];
};

static struct made make(struct slice message)
{
	struct made m = { 0 };

	digest_make(message, &m.raw);
	assert_true(is_ok(digest_open(buf_slice(&m.raw), &m.d)));
	assert_true(m.d.parts <= MOST);
	assert_true(is_ok(digest_describe(&m.d, m.v)));
	return m;
}

static void assert_says(struct slice item, const char *expected)
{
	assert_true(slice_eq(item, slice_cstr(expected)));
}

#define LETTER                                                               \
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n" \
	"Content-Language: de\r\n\r\n"                                       \
	"--b\r\nContent-Type: text/plain; format=flowed\r\n"                 \
	"Content-ID: <one@example.org>\r\nContent-Description: first\r\n"    \
	"Content-MD5: md\r\nContent-Language: de, fr\r\n"                    \
	"Content-Location: there\r\n"                                        \
	"Content-Disposition: inline; size=3\r\n\r\none\r\n"                 \
	"--b\r\nContent-Type: message/rfc822\r\n\r\n"                        \
	"Subject: in\r\nMIME-Version: 1.0\r\n"                               \
	"Content-Type: multipart/alternative; boundary=c\r\n\r\n"            \
	"--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n"  \
	"--c--\r\n"                                                          \
	"--b\r\nContent-Type: application/pdf\r\n"                           \
	"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"

/* Parts in the order of the table: 0 the whole, 1 text, 2 the embedded
 * message, 3 what it is, 4 and 5 its texts, 6 the last. */
static void test_places(void **state)
{
	static const struct {
		const char *subtype;
		uint32_t parent, depth, position, end;
	} places[] = {
		{ "\"mixed\"", 0, 0, 0, 7 },  { "\"plain\"", 0, 1, 1, 2 },
		{ "\"rfc822\"", 0, 1, 2, 6 }, { "\"alternative\"", 2, 2, 0, 6 },
		{ "\"plain\"", 3, 3, 1, 5 },  { "\"html\"", 3, 3, 2, 6 },
		{ "\"pdf\"", 0, 1, 3, 7 },
	};
	struct made m = make(S(LETTER));

	(void)state;
	assert_int_equal(m.d.parts, COUNT(places));
	for (size_t i = 0; i < COUNT(places); i++) {
		assert_says(m.v[i].subtype, places[i].subtype);
		assert_int_equal(m.v[i].parent, places[i].parent);
		assert_int_equal(m.v[i].depth, places[i].depth);
		assert_int_equal(m.v[i].position, places[i].position);
		assert_int_equal(m.v[i].end, places[i].end);
	}
	buf_free(&m.raw);
}

static void test_leaf(void **state)
{
	struct made m = make(S(LETTER));
	const struct described *text = &m.v[1];

	(void)state;
	assert_says(text->type, "\"text\"");
	assert_says(text->params, "(\"format\" \"flowed\")");
	assert_says(text->id, "\"<one@example.org>\"");
	assert_says(text->description, "\"first\"");
	assert_says(text->encoding, "\"7bit\"");
	assert_says(text->envelope, "");
	assert_says(text->md5, "\"md\"");
	assert_says(text->disposition, "(\"inline\" (\"size\" \"3\"))");
	assert_says(text->language, "(\"de\" \"fr\")");
	assert_says(text->location, "\"there\"");
	assert_says(m.v[6].encoding, "\"base64\"");
	assert_says(m.v[6].id, "NIL");
	assert_says(m.v[6].disposition, "NIL");
	buf_free(&m.raw);
}

/* A multipart says less; an embedded message has an envelope. */
static void test_others(void **state)
{
	struct made m = make(S(LETTER));

	(void)state;
	assert_says(m.v[0].type, "\"multipart\"");
	assert_says(m.v[0].params, "(\"boundary\" \"b\")");
	assert_says(m.v[0].language, "(\"de\")");
	assert_says(m.v[0].id, "");
	assert_says(m.v[0].encoding, "");
	assert_says(m.v[2].envelope,
	            "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL)");
	assert_says(m.v[3].params, "(\"boundary\" \"c\")");
	buf_free(&m.raw);
}

/* With any of its parentheses broken BODYSTRUCTURE isn't that of the table. */
static void test_disagreement(void **state)
{
	struct made m = make(S(LETTER));
	struct slice whole = digest_field(&m.d, DIGEST_BODYSTRUCTURE);
	size_t first = (size_t)(whole.ptr - m.raw.data);

	(void)state;
	for (size_t i = first; i < first + whole.len; i++) {
		char was = m.raw.data[i];
		struct described v[MOST] = { 0 };

		if (was != '(' && was != ')')
			continue;
		m.raw.data[i] = 'x';
		assert_int_equal(digest_describe(&m.d, v).code, ERR_CORRUPT);
		m.raw.data[i] = was;
	}
	buf_free(&m.raw);
}

static void test_items(void **state)
{
	static const struct {
		const char *text, *item, *rest;
	} cases[] = {
		{ "", "", "" },
		{ " ", "", " " },
		{ "NIL", "NIL", "" },
		{ " 12 x", "12", " x" },
		{ "12)", "12", ")" },
		{ ")", "", ")" },
		{ "\"a b\" c", "\"a b\"", " c" },
		{ "\"a\\\" \\\\\" c", "\"a\\\" \\\\\"", " c" },
		{ "\"a", "", "\"a" },
		{ "\"a\\\"", "", "\"a\\\"" },
		{ "(a (b) \")\") c", "(a (b) \")\")", " c" },
		{ "()x", "()", "x" },
		{ "((a)", "", "((a)" },
		{ "(\"a)", "", "(\"a)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = slice_cstr(cases[i].text);
		struct slice rest = text;

		assert_says(wire_item(&rest), cases[i].item);
		if (*cases[i].item != '\0')
			assert_says(rest, cases[i].rest);
	}
}

static void test_lists(void **state)
{
	(void)state;
	assert_says(wire_list(S("(\"a\" \"b\")")), "\"a\" \"b\"");
	assert_says(wire_list(S("()")), "");
	assert_says(wire_list(S("NIL")), "");
	assert_says(wire_list(S("")), "");
	assert_says(wire_list(S("(")), "");
}

static void test_texts(void **state)
{
	static const struct {
		const char *item, *text; /* NULL: none */
	} cases[] = {
		{ "\"a b\"", "a b" },
		{ "\"\"", "" },
		{ "\"a\\\"b\\\\\"", "a\"b\\" },
		{ "\"=?utf-8?q?=C3=9C?=\"", "\xc3\x9c" },
		{ "NIL", NULL },
		{ "", NULL },
		{ "\"", NULL },
		{ "(\"a\")", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = { 0 };

		assert_int_equal(wire_text(slice_cstr(cases[i].item), &out),
		                 cases[i].text != NULL);
		assert_says(buf_slice(&out),
		            cases[i].text != NULL ? cases[i].text : "");
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_disagreement),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
