/* search_test.c -- SEARCH BODY and TEXT over messages read in pieces. */
#include "mime/search.h"

#include "text_cases.h"

#define MESSAGE                                                         \
	"Subject: =?utf-8?q?OUTER_=C3=84?=\r\n"                         \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n" \
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\n"            \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"           \
	"Stra=C3=9Fe to no=\r\nwhere\r\n"                               \
	"--b\r\nContent-Type: application/x\r\n\r\nhidden\r\n"          \
	"--b\r\nContent-Type: message/rfc822\r\n\r\n"                   \
	"Subject: INNER\r\n\r\nlast words\r\n"                          \
	"--b\r\nContent-Type: message/delivery-status\r\n"              \
	"Content-Transfer-Encoding: base64\r\n\r\n"                     \
	"QWN0aW9uOiBmYWlsZWQ=\r\n"                                      \
	"--b\r\nContent-Type: message/rfc822\r\n"                       \
	"Content-Transfer-Encoding: base64\r\n\r\n"                     \
	"bm90IGxvb2tlZCBpbnRv\r\n--b--\r\n"

struct memory {
	struct slice message;
	uint32_t piece; /* octets given at a time */
};

static struct err read_memory(void *context, uint32_t offset, uint32_t len,
                              struct slice *out)
{
	const struct memory *m = context;
	struct slice rest = slice_from(m->message, offset);

	*out = slice_first(rest, len < m->piece ? len : m->piece);
	return OK;
}

struct search_case {
	const char *needle;
	bool in_body;
	bool in_text;
};

static const struct search_case cases[] = {
	{ "", true, true },
	{ "strasse", true, true },
	{ "nowhere", true, true },
	{ "to nowhere", true, true },
	{ "inner", true, true },
	{ "subject: inner", true, true },
	{ "last words", true, true },
	{ "action: failed", true, true },
	{ "not looked into", false, false },
	{ "outer \u00e4", false, true },
	{ "boundary=b", false, true },
	{ "hidden", false, false },
	{ "preamble", false, false },
	{ "nowherelast", false, false },
	{ "STRASSE", false, false }, /* needles come folded */
};

static void run_search(uint32_t piece, bool headers_too, bool *found)
{
	struct memory m = { S(MESSAGE), piece };
	struct slice needles[COUNT(cases)];
	struct buf raw = { 0 };
	struct digest d;

	for (size_t i = 0; i < COUNT(cases); i++)
		needles[i] = slice_cstr(cases[i].needle);
	digest_make(m.message, &raw);
	assert_true(is_ok(digest_open(buf_slice(&raw), &d)));
	assert_true(is_ok(mime_search(&d, needles, COUNT(cases), headers_too,
	                              (struct search_source){ read_memory, &m },
	                              found)));
	buf_free(&raw);
}

static void test_search(void **state)
{
	(void)state;
	for (uint32_t piece = 1; piece < 700; piece += 7) {
		bool body[COUNT(cases)];
		bool text[COUNT(cases)];

		run_search(piece, false, body);
		run_search(piece, true, text);
		for (size_t i = 0; i < COUNT(cases); i++) {
			if (body[i] != cases[i].in_body ||
			    text[i] != cases[i].in_text)
				fail_msg("%s, by %u", cases[i].needle, piece);
		}
	}
}

struct fuzzy_case {
	const char *sought;
	unsigned in_body;
	unsigned in_text;
};

static const struct fuzzy_case fuzzy_cases[] = {
	{ "", 100, 100 },
	{ "strasse to nowhere", 70, 70 },
	{ "nowhere strasse", 60, 60 },
	{ "nowhree", 30, 30 },
	{ "outer a", 0, 100 },
	{ "a outer subject", 35, 90 },
	{ "inner", 70, 70 },
	{ "boundary", 0, 100 },
	{ "hidden", 0, 0 },
	{ "outer last nowhere", 40, 70 },
	{ "not looked into", 0, 0 },
};

static void test_fuzzy(void **state)
{
	struct arena *a = arena_new(SIZE_MAX);
	struct buf raw = { 0 };
	struct digest d;

	(void)state;
	digest_make(S(MESSAGE), &raw);
	assert_true(is_ok(digest_open(buf_slice(&raw), &d)));
	for (size_t i = 0; i < COUNT(fuzzy_cases) * 2; i++) {
		const struct fuzzy_case *c = &fuzzy_cases[i / 2];
		const struct fuzzy *f = fuzzy_new(a, slice_cstr(c->sought));
		bool headers_too = i % 2 != 0;

		for (uint32_t piece = 1; piece < 700; piece += 7) {
			struct memory m = { S(MESSAGE), piece };
			struct search_source source = { read_memory, &m };
			struct fuzzy_match match;

			assert_true(is_ok(mime_search_fuzzy(&d, f, headers_too,
			                                    source, &match)));
			if (fuzzy_score(f, &match) !=
			    (headers_too ? c->in_text : c->in_body))
				fail_msg("%s, by %u: %u", c->sought, piece,
				         fuzzy_score(f, &match));
		}
	}
	buf_free(&raw);
	arena_free(a);
}

/* An error of the source ends the search; so does a message too short. */
static struct err read_nothing(void *context, uint32_t offset, uint32_t len,
                               struct slice *out)
{
	(void)offset;
	(void)len;
	*out = S("");
	return *(const bool *)context ? err(ERR_IO, "no disk") : OK;
}

static void test_source_fails(void **state)
{
	const struct slice needle = S("x");
	struct buf raw = { 0 };
	struct digest d;

	(void)state;
	digest_make(S(MESSAGE), &raw);
	assert_true(is_ok(digest_open(buf_slice(&raw), &d)));
	for (int fails = 0; fails < 2; fails++) {
		bool context = fails != 0;
		bool found;
		struct search_source source = { read_nothing, &context };

		assert_int_equal(
			mime_search(&d, &needle, 1, true, source, &found).code,
			fails ? ERR_IO : ERR_CORRUPT);
	}
	buf_free(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_fuzzy),
		cmocka_unit_test(test_source_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
