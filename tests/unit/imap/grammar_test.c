/* grammar_test.c -- productions, with the text right before an unreadable
 * page. */
#include "imap/grammar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge.h"
#include "imap/fetch.h"
#include "imap/search.h"

/* A parser, and what it read as text that can be compared. */
typedef void production(struct cursor *, struct buf *);

static void read_number(struct cursor *c, struct buf *out)
{
	buf_number(out, parse_number(c));
}

static void read_nz_number(struct cursor *c, struct buf *out)
{
	buf_number(out, parse_nz_number(c));
}

static void read_number64(struct cursor *c, struct buf *out)
{
	buf_number(out, parse_number64(c));
}

static void read_string(struct cursor *c, struct buf *out)
{
	buf_add(out, parse_string(c));
}

static void read_astring(struct cursor *c, struct buf *out)
{
	buf_add(out, parse_astring(c));
}

static void read_nstring(struct cursor *c, struct buf *out)
{
	struct slice s = parse_nstring(c);

	buf_add(out, s.ptr == NULL ? S("(nil)") : s);
}

static void read_mailbox(struct cursor *c, struct buf *out)
{
	buf_add(out, parse_mailbox(c));
}

static void read_set(struct cursor *c, struct buf *out)
{
	struct seq_set set = parse_sequence_set(c);

	for (size_t i = 0; i < set.n; i++)
		buf_printf(out, "%u-%u ", set.v[i].first, set.v[i].last);
	if (set.saved)
		buf_byte(out, '$');
}

static void read_flags(struct cursor *c, struct buf *out)
{
	struct flag_list list = { 0 };

	if (take(c, '('))
		list = parse_flag_list(c);
	buf_number(out, list.flags);
	for (size_t i = 0; i < list.n_keywords; i++) {
		buf_byte(out, ' ');
		buf_add(out, list.keywords[i]);
	}
}

static void read_date(struct cursor *c, struct buf *out)
{
	buf_printf(out, "%d", (int)parse_date(c));
}

static void read_date_time(struct cursor *c, struct buf *out)
{
	struct date_time t = parse_date_time(c);

	buf_printf(out, "%lld %d", (long long)t.seconds, t.zone);
}

static void read_fetch(struct cursor *c, struct buf *out)
{
	struct fetch_request r;

	if (is_ok(parse_fetch(c, false, &r)))
		reply_fetch_request(out, &r);
}

/* clang-format off */
static const struct {
	production *parse;
	struct slice text;
	const char *wanted; /* NULL: an error */
} cases[] = {
	{ read_number, N("0"), "0" },
	{ read_number, N("007"), "7" },
	{ read_number, N("4294967295"), "4294967295" },
	{ read_number, N("4294967296"), NULL },
	{ read_number, N("99999999999999999999999"), NULL },
	{ read_number, N(""), NULL },
	{ read_number, N("-1"), NULL },
	{ read_nz_number, N("0"), NULL },
	{ read_nz_number, N("01"), NULL },
	{ read_nz_number, N("1"), "1" },
	{ read_number64, N("9223372036854775807"), "9223372036854775807" },
	{ read_number64, N("9223372036854775808"), NULL },
	{ read_string, N("\"\""), "" },
	{ read_string, N("\"a b\""), "a b" },
	{ read_string, N("\"a\\\"b\\\\\""), "a\"b\\" },
	{ read_string, N("\"a\\b\""), NULL },
	{ read_string, N("\"a"), NULL },
	{ read_string, N("\"a\\"), NULL },
	{ read_string, N("\"a\rb\""), NULL },
	{ read_string, N("\"\xc3\xa4\""), NULL },
	{ read_string, N("{3}\r\nabc"), "abc" },
	{ read_string, N("{3+}\r\na\r\n"), "a\r\n" },
	{ read_string, N("{0}\r\n"), "" },
	{ read_string, N("{3}\r\nab"), NULL },
	{ read_string, N("{3}\rabc"), NULL },
	{ read_string, N("{3"), NULL },
	{ read_string, N("{1}\r\n\0"), NULL },
	{ read_string, N("{9223372036854775807}\r\nabc"), NULL },
	{ read_astring, N("a]b[c"), "a]b[c" },
	{ read_astring, N("NIL"), "NIL" },
	{ read_astring, N("(a"), NULL },
	{ read_astring, N("\x80"), NULL },
	{ read_nstring, N("NIL"), "(nil)" },
	{ read_nstring, N("nil"), "(nil)" },
	{ read_nstring, N("\"NIL\""), "NIL" },
	{ read_nstring, N("\"\""), "" },
	{ read_mailbox, N("inBox"), "INBOX" },
	{ read_mailbox, N("&AOQ-"), "\xc3\xa4" },
	{ read_mailbox, N("&AOQ"), NULL },
	{ read_mailbox, N("a/"), "a" },
	{ read_mailbox, N("a//b"), NULL },
	{ read_set, N("1"), "1-1 " },
	{ read_set, N("4:2,*,5:*"), "4-2 0-0 5-0 " },
	{ read_set, N("4294967295:1"), "4294967295-1 " },
	{ read_set, N("$"), "$" },
	{ read_set, N("1,"), NULL },
	{ read_set, N("1:"), NULL },
	{ read_set, N(",1"), NULL },
	{ read_set, N("0"), NULL },
	{ read_flags, N("()"), "0" },
	{ read_flags, N("(\\SEEN \\draft)"), "17" },
	{ read_flags, N("(\\Recent $Junk a)"), "0 $Junk a" },
	{ read_flags, N("(\\Seen"), NULL },
	{ read_flags, N("(\\)"), NULL },
	{ read_flags, N("( a)"), NULL },
	{ read_date, N("1-Jan-1970"), "0" },
	{ read_date, N("\"01-mar-2000\""), "11017" },
	{ read_date, N("29-Feb-2023"), NULL },
	{ read_date, N("29-Feb-2024"), "19782" },
	{ read_date, N("0-Jan-2024"), NULL },
	{ read_date, N("\"1-Jan-2024"), NULL },
	{ read_date, N("1-Jan-24"), NULL },
	{ read_date_time, N("\" 1-Jan-1970 00:00:00 +0000\""), "0 0" },
	{ read_date_time, N("\"01-Jan-1970 01:30:00 +0130\""), "0 90" },
	{ read_date_time, N("\"31-Dec-1969 23:00:00 -0100\""), "0 -60" },
	{ read_date_time, N("\"31-Dec-2016 23:59:60 +0000\""), "1483228799 0" },
	{ read_date_time, N("\" 1-Jan-1970 24:00:00 +0000\""), NULL },
	{ read_date_time, N("\" 1-Jan-1970 00:00:00 +0060\""), NULL },
	{ read_date_time, N("\" 1-Jan-1970 00:00:00 0000\""), NULL },
	{ read_date_time, N("\" 1-Jan-1970 00:00:00 +0000"), NULL },
	{ read_fetch, N(" 1 (UID BODY.PEEK[1.2.HEADER.FIELDS (a \"b c\")]<3.4>)"),
	  "(UID BODY[1.2.HEADER.FIELDS (a \"b c\")]<3.4>)" },
	{ read_fetch, N(" 1 fast"), "(FLAGS INTERNALDATE RFC822.SIZE)" },
	{ read_fetch, N(" 1 all (changedsince 7)"),
	  "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE) (CHANGEDSINCE 7)" },
	{ read_fetch, N(" 1 MODSEQ (CHANGEDSINCE 9223372036854775807)"),
	  "(MODSEQ) (CHANGEDSINCE 9223372036854775807)" },
	{ read_fetch, N(" 1 MODSEQ (CHANGEDSINCE 9223372036854775808)"), NULL },
	{ read_fetch, N(" 1 MODSEQ (CHANGEDSINCE"), NULL },
	{ read_fetch, N(" 1 MODSEQ ("), NULL },
	{ read_fetch, N(" 1 BODY["), NULL },
	{ read_fetch, N(" 1 BODY[HEADER.FIELDS (a"), NULL },
	{ read_fetch, N(" 1 BODY[1.0]"), NULL },
	{ read_fetch, N(" 1 BODY[]<0.99999999999999999999>"), NULL },
	{ read_fetch, N(" 1 (UID UID"), NULL },
};
/* clang-format on */

static void test_productions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct edge edge = edge_new(cases[i].text);
		struct arena *a = arena_new(1 << 20);
		struct cursor c = cursor_of(edge.text, a, false);
		struct buf got = { 0 };
		bool ok;

		cases[i].parse(&c, &got);
		if (cases[i].wanted == NULL)
			ok = !is_ok(c.e) || !at_end(&c);
		else
			ok = is_ok(c.e) && at_end(&c) &&
			     slice_eq(buf_slice(&got),
			              slice_cstr(cases[i].wanted));
		if (!ok)
			fail_msg("case %zu (%.*s): %.*s, %s", i,
			         (int)cases[i].text.len, cases[i].text.ptr,
			         (int)got.len, got.data,
			         c.e.text != NULL ? c.e.text : "no error");
		buf_free(&got);
		arena_free(a);
		edge_free(&edge);
	}
}

/* Every beginning of a text is an error or a shorter text, never a step
 * across its end. */
static void test_beginnings(void **state)
{
	static const struct slice texts[] = {
		N(" RETURN (MIN SAVE) CHARSET UTF-8 OR (SEEN NOT 1:*,$) "
		  "HEADER \"a\\\"b\" {3+}\r\nabc UID 4 SENTON 1-Jan-2026"),
		N(" SUBJECT {2}\r\nab KEYWORD x LARGER 7 NOT NOT (OR 1 2)"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		for (size_t n = 0; n <= texts[i].len; n++) {
			struct edge edge = edge_new(slice_first(texts[i], n));
			struct arena *a = arena_new(1 << 20);
			struct cursor c = cursor_of(edge.text, a, false);
			struct search_request r;
			struct err e = parse_search(&c, &r);

			if (n == texts[i].len && i == 1)
				assert_int_equal(e.code, ERR_OK);
			arena_free(a);
			edge_free(&edge);
		}
	}
}

/* LIMIT_COMMAND_ARENA: the last octet can be had; one more is an error, and
 * what is given all the same has room for one element. */
static void test_full_arena(void **state)
{
	(void)state;
	for (size_t more = 0; more <= 1; more++) {
		struct arena *a = arena_new(LIMIT_COMMAND_ARENA);
		struct cursor c = cursor_of(S("x"), a, false);
		char *v = cursor_array(&c, LIMIT_COMMAND_ARENA / 16 + more, 16);

		memset(v, 'x', 16);
		assert_int_equal(c.e.code, more != 0 ? ERR_LIMIT : ERR_OK);
		assert_int_equal(at_end(&c), more != 0);
		arena_free(a);
	}
}

/* 250,000 spaces that are no items: none of them gets room for one. */
static void test_spaces_in_a_literal(void **state)
{
	struct arena *a = arena_new(LIMIT_COMMAND_ARENA);
	struct buf text = { 0 };
	struct fetch_request r;
	struct cursor c;

	(void)state;
	buf_add(&text, S(" 1 (BODY[HEADER.FIELDS ({250000}\r\n"));
	for (size_t i = 0; i < 250000; i++)
		buf_byte(&text, ' ');
	buf_add(&text, S(")])"));
	c = cursor_of(buf_slice(&text), a, false);
	assert_int_equal(parse_fetch(&c, false, &r).code, ERR_LIMIT);
	assert_true(arena_room(a) > LIMIT_COMMAND_ARENA / 2);
	arena_free(a);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_productions),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_full_arena),
		cmocka_unit_test(test_spaces_in_a_literal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
