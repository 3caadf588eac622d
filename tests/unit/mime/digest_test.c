/*
 * digest_test.c -- what a digest says of a message: wire forms, sections,
 * limits; and that it says the same however the message was cut.
 */
#include "mime/digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "text_cases.h"

static struct buf make_cut(struct slice message, size_t chunk)
{
	struct digest_builder *b = digest_builder_new();
	struct buf out = { 0 };

	for (; message.len != 0; message = slice_from(message, chunk))
		digest_builder_feed(b, slice_first(message, chunk));
	digest_builder_finish(b, &out);
	return out;
}

/* A digest and the bytes it lies in. */
struct made {
	struct buf raw;
	struct digest d;
};

static struct made make(struct slice message)
{
	struct made m = { 0 };

	digest_make(message, &m.raw);
	assert_true(is_ok(digest_open(buf_slice(&m.raw), &m.d)));
	return m;
}

static void field_of(struct slice message, enum digest_field field,
                     struct buf *out)
{
	struct made m = make(message);

	buf_add(out, digest_field(&m.d, field));
	for (size_t chunk = 1; chunk <= 64; chunk++) {
		struct buf cut = make_cut(message, chunk);

		assert_true(slice_eq(buf_slice(&cut), buf_slice(&m.raw)));
		buf_free(&cut);
	}
	buf_free(&m.raw);
}

static void envelope(struct slice message, struct buf *out)
{
	field_of(message, DIGEST_ENVELOPE, out);
}

static void bodystructure(struct slice message, struct buf *out)
{
	field_of(message, DIGEST_BODYSTRUCTURE, out);
}

static void preview(struct slice message, struct buf *out)
{
	field_of(message, DIGEST_PREVIEW, out);
}

#define NOBODY " NIL NIL NIL NIL"

/* behaviours 114, 123 to 126, 129 */
static void test_envelope(void **state)
{
	static const struct text_case cases[] = {
		{ "", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
		{ "Subject:\r\nDate: \r\n\r\n",
		  "(\"\" \"\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
		{ "From: A <a@b>\r\nTo:\r\n\r\n",
		  "(NIL NIL ((\"A\" NIL \"a\" \"b\")) ((\"A\" NIL \"a\" \"b\")) "
		  "((\"A\" NIL \"a\" \"b\"))" NOBODY " NIL)" },
		{ "From: a@b\r\nSender: c@d\r\nFROM: x@y\r\n\r\n",
		  "(NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"x\" \"y\")) "
		  "((NIL NIL \"c\" \"d\")) "
		  "((NIL NIL \"a\" \"b\")(NIL NIL \"x\" \"y\"))" NOBODY
		  " NIL)" },
		{ "From: a@b\r\nSender: c@d\r\nReply-To: e@f\r\n\r\n",
		  "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) "
		  "((NIL NIL \"e\" \"f\"))" NOBODY " NIL)" },
		{ "To: a@b\r\nTo: c@d\r\nCc: g: e@f;\r\n\r\n",
		  "(NIL NIL NIL NIL NIL "
		  "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) "
		  "((NIL NIL \"g\" NIL)(NIL NIL \"e\" \"f\")(NIL NIL NIL NIL)) "
		  "NIL NIL NIL)" },
		{ "Bcc: undisclosed-recipients:;\r\nSubject: one\r\n"
		  "Subject: two\r\nMessage-ID:  <a@b>\r\n",
		  "(NIL \"one\" NIL NIL NIL NIL NIL "
		  "((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL)) "
		  "NIL \"<a@b>\")" },
		{ "Subject: caf\u00e9\r\n \"b\"\r\nIn-Reply-To: \\\r\n",
		  "(NIL \"=?utf-8?b?Y2Fmw6k=?= \\\"b\\\"\" NIL NIL NIL NIL NIL "
		  "NIL \"\\\\\" NIL)" },
		{ "From: <@r:a@b>, c\r\n",
		  "(NIL NIL ((NIL \"@r\" \"a\" \"b\")(NIL NIL \"c\" \"\")) "
		  "((NIL \"@r\" \"a\" \"b\")(NIL NIL \"c\" \"\")) "
		  "((NIL \"@r\" \"a\" \"b\")(NIL NIL \"c\" \"\"))" NOBODY
		  " NIL)" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), envelope);
}

#define TEXT(size, lines)                                                       \
	"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" " size \
	" " lines NOBODY ")"
#define PARAMETERS_7 \
	"--b\r\nContent-Type: a/b;c=d;c=d;c=d;c=d;c=d;c=d;c=d\r\n\r\nx\r\n"
#define MIXED       "Content-Type: multipart/mixed; boundary="
#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

/* behaviours 113, 115 to 120 */
static void test_bodystructure(void **state)
{
	static const struct text_case cases[] = {
		{ "", TEXT("0", "0") },
		{ "A: b\r\n\r\none\r\ntwo\r\n", TEXT("10", "2") },
		/* 118 */
		{ "Content-Type: X-ZIP\r\n\r\n",
		  "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0" NOBODY ")" },
		{ "Content-Type:\r\n\r\n",
		  "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0" NOBODY ")" },
		{ "Content-Type: a/b/c; x=y\r\n\r\n",
		  "(\"text\" \"plain\" (\"x\" \"y\") NIL NIL \"7bit\" 0 0" NOBODY
		  ")" },
		/* 113, 119 */
		{ "Content-Type: Image/PNG; name=\"a.png\"\r\n"
		  "Content-Transfer-Encoding: BASE64\r\nContent-ID: <i@d>\r\n"
		  "Content-Description: d\r\nContent-Disposition: inline\r\n"
		  "Content-Language: en (x), de\r\nContent-Location: l\r\n"
		  "Content-MD5: m\r\n\r\nAAAA",
		  "(\"image\" \"png\" (\"name\" \"a.png\") \"<i@d>\" \"d\" "
		  "\"base64\" 4 \"m\" (\"inline\" NIL) (\"en\" \"de\") \"l\")" },
		{ "Content-Type: a/b\r\n"
		  "Content-Transfer-Encoding: \"Base64\" (x)\r\n\r\nAAAA",
		  "(\"a\" \"b\" NIL NIL NIL \"base64\" 4" NOBODY ")" },
		{ "Content-Type: a/b\r\n"
		  "Content-Transfer-Encoding: \"base64\r\n\r\nAAAA",
		  "(\"a\" \"b\" NIL NIL NIL \"7bit\" 4" NOBODY ")" },
		{ "Content-Type: text/html\r\nContent-Transfer-Encoding:\r\n"
		  "Content-Disposition: attachment; filename=a\r\n",
		  "(\"text\" \"html\" NIL NIL NIL \"7bit\" 0 0 NIL "
		  "(\"attachment\" (\"filename\" \"a\")) NIL NIL)" },
		/* 115 */
		{ "Content-Type: multipart/mixed\r\n\r\nx\r\n",
		  "(" TEXT("3", "1") " \"mixed\" NIL NIL NIL NIL)" },
		{ MIXED "b\r\n\r\n--b--\r\n",
		  "(" TEXT(
			  "7",
			  "1") " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
		{ MIXED "\"\"\r\n\r\n-- \r\nsignature\r\n",
		  "(" TEXT("16",
		           "2") " \"mixed\" (\"boundary\" \"\") NIL NIL NIL)" },
		/* preamble, epilogue, padding, empty parts */
		{ MIXED
		  "b\r\n\r\npre\r\n--b \t\r\n\r\nx\r\n--bb\r\n--b\r\n--b\r\n\r\n"
		  "\r\n--b--\r\n--b\r\n\r\nepilogue",
		  "(" TEXT("7", "1") TEXT("0", "0") TEXT(
			  "0",
			  "0") " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
		/* 116: equal, prefix, the outer one in place of the inner */
		{ MIXED "b\r\n\r\n--b\r\n" MIXED "b\r\n\r\n--b\r\n\r\nx\r\n"
		        "--b--\r\n",
		  "((" TEXT("0", "0") " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" TEXT(
			  "1",
			  "0") " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
		{ MIXED "b\r\n\r\n--b\r\n" MIXED "bc\r\n\r\n--bc\r\n\r\nx\r\n"
		        "--b\r\n\r\ny\r\n--bc--\r\n--b--\r\n",
		  "((" TEXT("1", "0") " \"mixed\" (\"boundary\" \"bc\") NIL NIL NIL)" TEXT(
			  "9",
			  "1") " \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)" },
		/* embedded messages; 117, 120 */
		{ "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n",
		  "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 17 "
		  "(NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL) " TEXT(
			  "3", "1") " 3" NOBODY ")" },
		{ "Content-Type: message/rfc822\r\n"
		  "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n",
		  "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 6" NOBODY
		  ")" },
		{ "Content-Type: message/rfc822\r\n"
		  "Content-Transfer-Encoding: Quoted-Printable\r\n\r\n"
		  "Subject: x\r\n\r\ny=20\r\n",
		  "(\"application\" \"octet-stream\" NIL NIL NIL "
		  "\"quoted-printable\" 20" NOBODY ")" },
		{ "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"
		  "Subject: x\r\n--b--\r\n",
		  "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 10 "
		  "(NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL) " TEXT(
			  "0",
			  "0") " 0" NOBODY
		               ") \"digest\" (\"boundary\" \"b\") NIL NIL NIL)" },
		{ "Content-Type: message/rfc822",
		  "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 0 " NO_ENVELOPE
		  " " TEXT("0", "0") " 0" NOBODY ")" },
		{ "Content-Type: message/delivery-status\r\n\r\nx",
		  "(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 1" NOBODY
		  ")" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), bodystructure);
}

/* RFC 8970 */
static void test_preview(void **state)
{
	static const struct text_case cases[] = {
		{ "", "" },
		{ "\r\n  Hello,\r\n\r\n\tworld \r\n", "Hello, world" },
		{ "Content-Type: text/html\r\n\r\n<p>a &amp; b</p>", "a & b" },
		{ MIXED
		  "b\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n"
		  "--b\r\n\r\n \r\n--b\r\nContent-Transfer-Encoding: base64\r\n"
		  "\r\nSGVsbG8=\r\n--b--\r\n",
		  "Hello" },
		{ "Content-Disposition: attachment\r\n\r\nx", "" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), preview);
}

static void test_search_fields(void **state)
{
	const struct slice message =
		S("From: =?utf-8?q?J=C3=96RG?= <Joerg@Example.ORG>, b@c\r\n"
	          "To: X@y\r\nCc: Team: A@b;\r\n"
	          "Subject: Re: [list] =?utf-8?q?STRA=C3=9FE?=\r\n"
	          "Date: 1 Jan 1970 01:00:00 +0100\r\n"
	          "Message-ID: <m@i>\r\nReferences: <a@b>\r\n <c@d>\r\n\r\n");
	const struct {
		enum digest_field field;
		const char *want;
	} cases[] = {
		{ DIGEST_FROM, "j\u00f6rg <joerg@example.org>, <b@c>" },
		{ DIGEST_FROM_NAME, "JO\u0308RG" },
		{ DIGEST_FROM_MAILBOX, "JOERG" },
		{ DIGEST_TO_NAME, "X@Y" },
		{ DIGEST_CC, "team, <a@b>" },
		{ DIGEST_CC_MAILBOX, "TEAM" },
		{ DIGEST_SUBJECT, "re: [list] strasse" },
		{ DIGEST_BASE_SUBJECT, "STRA\u1e9eE" },
		{ DIGEST_MESSAGE_ID, "m@i" },
		{ DIGEST_REFERENCES, "a@b c@d" },
		{ DIGEST_IN_REPLY_TO, "" },
	};
	struct made m = make(message);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice s = digest_field(&m.d, cases[i].field);

		assert_text(cases[i].want,
		            &(struct buf){ .data = (char *)(uintptr_t)s.ptr,
		                           .len = s.len },
		            cases[i].want);
	}
	assert_int_equal(m.d.flags, DIGEST_HAS_DATE | DIGEST_IS_REPLY);
	assert_int_equal(m.d.sent, 0);
	assert_int_equal(m.d.sent_zone, 60);
	buf_free(&m.raw);
}

/* -- sections -- */

/* "1.2.HEADER" and so on, as in FETCH */
static bool find_section(const struct digest *d, const char *name,
                         struct span *out)
{
	static const struct {
		const char *name;
		enum section_text text;
	} texts[] = {
		{ "HEADER", SECTION_HEADER },
		{ "TEXT", SECTION_TEXT },
		{ "MIME", SECTION_MIME },
	};
	uint32_t path[8];
	enum section_text text = SECTION_ALL;
	size_t n = 0;
	char *p = (char *)(uintptr_t)name;

	while (*p >= '0' && *p <= '9') {
		path[n++] = (uint32_t)strtoul(p, &p, 10);
		p += *p == '.';
	}
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (!strcmp(p, texts[i].name))
			text = texts[i].text;
	}
	return digest_section(d, path, n, text, out);
}

#define INNER_HEADER "Subject: inner\r\n" MIXED "in\r\n\r\n"
#define INNER_TEXT   "--in\r\n\r\ndeep\r\n--in--\r\n"
#define NESTED                                                               \
	MIXED "out\r\n\r\n--out\r\nX: 1\r\n\r\nfirst\r\n--out\r\n"           \
	      "Content-Type: image/png\r\n\r\n\r\n--out\r\n"                 \
	      "Content-Type: message/rfc822\r\n\r\n" INNER_HEADER INNER_TEXT \
	      "\r\n--out--\r\n"

/* NULL: there is no such section */
static void check_sections(struct slice message, const struct text_case *cases,
                           size_t n)
{
	struct made m = make(message);

	for (size_t i = 0; i < n; i++) {
		struct span span = { 0 };
		bool found = find_section(&m.d, cases[i].in, &span);

		if (found != (cases[i].want != NULL))
			fail_msg("%s", cases[i].in);
		if (found &&
		    !slice_eq(slice_of(message.ptr + span.offset, span.len),
		              slice_cstr(cases[i].want)))
			fail_msg("%s is %.*s", cases[i].in, (int)span.len,
			         message.ptr + span.offset);
	}
	buf_free(&m.raw);
}

/* behaviours 110, 111 */
static void test_sections_nested(void **state)
{
	static const struct text_case cases[] = {
		{ "", NESTED },
		{ "HEADER", MIXED "out\r\n\r\n" },
		{ "1", "first" },
		{ "1.MIME", "X: 1\r\n\r\n" },
		{ "1.HEADER", NULL },
		{ "1.1", NULL },
		{ "2", "" },
		{ "3", INNER_HEADER INNER_TEXT },
		{ "3.HEADER", INNER_HEADER },
		{ "3.TEXT", INNER_TEXT },
		{ "3.MIME", "Content-Type: message/rfc822\r\n\r\n" },
		{ "3.1", "deep" },
		{ "3.1.MIME", "\r\n" },
		{ "3.2", NULL },
		{ "4", NULL },
		{ "0", NULL },
		{ "MIME", NULL },
	};

	(void)state;
	check_sections(S(NESTED), cases, COUNT(cases));
}

/* behaviour 109 */
static void test_sections_simple(void **state)
{
	static const struct text_case cases[] = {
		{ "", "A: b\r\n\r\nbody" },
		{ "1", "body" },
		{ "1.MIME", "A: b\r\n\r\n" },
		{ "1.TEXT", NULL },
		{ "1.1", NULL },
		{ "2", NULL },
		{ "TEXT", "body" },
		{ "HEADER", "A: b\r\n\r\n" },
	};
	static const struct text_case message[] = {
		{ "1", "A: b\r\n\r\nx" }, { "1.HEADER", "A: b\r\n\r\n" },
		{ "1.1", "x" },           { "1.1.1", NULL },
		{ "1.2", NULL },
	};

	(void)state;
	check_sections(S("A: b\r\n\r\nbody"), cases, COUNT(cases));
	check_sections(S("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx"),
	               message, COUNT(message));
}

/* -- limits -- */

static struct made make_repeated(const char *head, const char *one, size_t n)
{
	struct buf message = { 0 };
	struct made m;

	buf_add(&message, slice_cstr(head));
	for (size_t i = 0; i < n; i++)
		buf_add(&message, slice_cstr(one));
	m = make(buf_slice(&message));
	buf_free(&message);
	return m;
}

struct limit_case {
	const char *head;
	const char *one;
	size_t n;
	bool cut;
	uint32_t parts;
};

#define OCTETS_60 "123456789012345678901234567890123456789012345678901234567890"
#define OCTETS_256 \
	"Content-MD5: 1" OCTETS_60 OCTETS_60 OCTETS_60 OCTETS_60 "\r\n"

/* behaviours 121 and 127: at each limit, and one beyond it */
static void test_limits(void **state)
{
	static const struct limit_case cases[] = {
		{ MIXED "b\r\n\r\n", "--b\r\n\r\nx\r\n", LIMIT_MIME_PARTS - 1,
		  false, LIMIT_MIME_PARTS },
		{ MIXED "b\r\n\r\n", "--b\r\n\r\nx\r\n", LIMIT_MIME_PARTS, true,
		  LIMIT_MIME_PARTS },
		{ "", "Content-Type: message/rfc822\r\n\r\n", LIMIT_MIME_DEPTH,
		  false, LIMIT_MIME_DEPTH + 1 },
		{ "", "Content-Type: message/rfc822\r\n\r\n",
		  LIMIT_MIME_DEPTH + 1, true, LIMIT_MIME_DEPTH + 1 },
		{ "To: x@y", ", a@b", LIMIT_ADDRESSES - 1, false, 1 },
		{ "To: x@y", ", a@b", LIMIT_ADDRESSES, true, 1 },
		{ "", "A: b\r\n", LIMIT_HEADER_FIELDS, false, 1 },
		{ "", "A: b\r\n", LIMIT_HEADER_FIELDS + 1, true, 1 },
		{ "References: ", "<a@b> ", LIMIT_REFERENCES, false, 1 },
		{ "References: ", "<a@b> ", LIMIT_REFERENCES + 1, true, 1 },
		{ "", OCTETS_256, LIMIT_HEADER_BYTES / 256, false, 1 },
		{ "", OCTETS_256, LIMIT_HEADER_BYTES / 256 + 1, true, 1 },
		{ "Content-Type: a/b", ";c=d", LIMIT_PARAMETERS, false, 1 },
		{ "Content-Type: a/b", ";c=d", LIMIT_PARAMETERS + 1, true, 1 },
		/* the boundary is one, then 7 a part */
		{ MIXED "b\r\n\r\n", PARAMETERS_7,
		  (LIMIT_PARAMETERS_ALL - 1) / 7, false,
		  (LIMIT_PARAMETERS_ALL - 1) / 7 + 1 },
		{ MIXED "b;e=f\r\n\r\n", PARAMETERS_7,
		  (LIMIT_PARAMETERS_ALL - 1) / 7, true,
		  (LIMIT_PARAMETERS_ALL - 1) / 7 + 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct limit_case *c = &cases[i];
		struct made m = make_repeated(c->head, c->one, c->n);

		if ((m.d.flags & DIGEST_CUT) != (c->cut ? DIGEST_CUT : 0))
			fail_msg("row %zu", i);
		assert_int_equal(m.d.parts, c->parts);
		buf_free(&m.raw);
	}
}

/* behaviour 121: what was not looked into is a part without structure */
static void test_cut_part(void **state)
{
	struct made m =
		make_repeated("", "Content-Type: message/rfc822\r\n\r\n", 1000);
	struct slice s = digest_field(&m.d, DIGEST_BODYSTRUCTURE);
	uint32_t path[LIMIT_MIME_DEPTH + 1];
	struct part p;

	(void)state;
	assert_int_not_equal(
		slice_find(s, S("\"application\" \"octet-stream\"")),
		SLICE_NONE);
	for (size_t i = 0; i < COUNT(path); i++)
		path[i] = 1;
	assert_true(digest_find_part(&m.d, path, COUNT(path), &p));
	assert_int_equal(p.type, PART_OTHER);
	assert_int_equal(p.body + p.body_len, m.d.size);
	assert_false(digest_find_part(&m.d, path, 0, &p) &&
	             p.type != PART_MESSAGE);
	buf_free(&m.raw);
}

static size_t count(struct slice s, struct slice what)
{
	size_t n = 0;
	size_t at;

	while ((at = slice_find(s, what)) != SLICE_NONE) {
		s = slice_from(s, at + what.len);
		n++;
	}
	return n;
}

/* behaviour 121: BODYSTRUCTURE has as many parts as there are sections, and
 * the last of them has all of the rest */
static void test_cut_sections(void **state)
{
	struct made m = make_repeated(MIXED "b\r\n\r\n", "--b\r\n\r\nx\r\n",
	                              LIMIT_MIME_PARTS + 9);
	struct slice s = digest_field(&m.d, DIGEST_BODYSTRUCTURE);
	struct span span;
	uint32_t path = LIMIT_MIME_PARTS - 1;

	(void)state;
	assert_int_equal(count(s, S("(\"text\" \"plain\"")), path);
	assert_true(digest_section(&m.d, &path, 1, SECTION_ALL, &span));
	path++;
	assert_false(digest_section(&m.d, &path, 1, SECTION_ALL, &span));
	buf_free(&m.raw);
}

static void read_all(const struct digest *d)
{
	for (uint32_t k = 0; k < d->parts; k++)
		digest_part(d, k);
	for (enum digest_field f = 0; f < DIGEST_FIELDS; f++) {
		struct slice field = digest_field(d, f);

		assert_true(field.len <= d->raw.len);
		assert_true(field.ptr + field.len <= d->raw.ptr + d->raw.len);
	}
}

/* Every broken digest is refused or harmless: each byte of one is changed
 * in turn, and it is cut at each length. */
static void test_open_broken(void **state)
{
	struct made m = make(S(NESTED));

	(void)state;
	for (size_t i = 0; i < m.raw.len; i++) {
		struct edge e = edge_new(slice_first(buf_slice(&m.raw), i));
		struct digest d;

		assert_int_equal(digest_open(e.text, &d).code, ERR_CORRUPT);
		assert_int_equal(digest_open_fields(e.text, &d).code,
		                 ERR_CORRUPT);
		edge_free(&e);
		m.raw.data[i] ^= 0x55;
		e = edge_new(buf_slice(&m.raw));
		if (is_ok(digest_open(e.text, &d)))
			read_all(&d);
		if (is_ok(digest_open_fields(e.text, &d)))
			read_all(&d);
		m.raw.data[i] ^= 0x55;
		edge_free(&e);
	}
	buf_free(&m.raw);
}

static void test_nul(void **state)
{
	struct made m = make(slice_of("A: \0\r\n\r\nx", 9));

	(void)state;
	assert_int_equal(m.d.flags, DIGEST_HAS_NUL);
	buf_free(&m.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_bodystructure),
		cmocka_unit_test(test_preview),
		cmocka_unit_test(test_search_fields),
		cmocka_unit_test(test_sections_nested),
		cmocka_unit_test(test_sections_simple),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cut_part),
		cmocka_unit_test(test_cut_sections),
		cmocka_unit_test(test_open_broken),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
