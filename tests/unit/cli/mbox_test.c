/* mbox_test.c -- mbox files, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../edge.h"
#include "cli/mbox.h"

static void assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

#define EDGE(literal) edge_of(S(literal))
#define FROM          "From a@example.org Sat Nov 21 04:30:00 2026\n"
enum { DATE = 1795235400 };

static void from_lines(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		int64_t date;
		int16_t zone;
	} rows[] = {
		{ FROM, true, DATE, 0 },
		{ "From - Sat Nov 21 04:30:00 2026\r\n", true, DATE, 0 },
		{ "From a b c Sat Nov 21 04:30 2026\n", true, DATE, 0 },
		{ "From a Sat Nov 21 06:30:00 2026 +0200\n", true, DATE, 120 },
		{ "From a Sat Nov 21 06:30:00 +0200 2026\n", true, DATE, 120 },
		{ "From a Fri Nov 20 23:30:00 -0500 2026\n", true, DATE, -300 },
		{ "From a Sat Nov 21 04:30:00 UTC 2026\n", true, DATE, 0 },
		{ "From a Thu Jan  1 00:00:00 1970\n", true, 0, 0 },
		{ "From here on it rains\n", false, 0, 0 },
		{ "From a Sat Nov 21 24:30:00 2026\n", false, 0, 0 },
		{ "From a Sat Nov 32 04:30:00 2026\n", false, 0, 0 },
		{ "From a Sat Nov 21 04:30:00 26\n", false, 0, 0 },
		{ "From a Sat Nov 21\n", false, 0, 0 },
		{ "From\n", false, 0, 0 },
		{ "from a Sat Nov 21 04:30:00 2026\n", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice rest = edge_of(slice_cstr(rows[i].line));
		struct mbox_message m;

		assert_int_equal(mbox_next(&rest, &m), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(m.meta.internaldate, rows[i].date);
		assert_int_equal(m.meta.zone, rows[i].zone);
	}
}

/* All messages' texts, each in brackets. */
static void assert_texts(struct slice file, const char *want)
{
	struct buf all = { 0 };
	struct mbox_message m;

	while (mbox_next(&file, &m)) {
		buf_byte(&all, '[');
		while (mbox_text(&m, 1, &all))
			continue;
		buf_byte(&all, ']');
	}
	assert_slice(buf_slice(&all), want);
	buf_free(&all);
}

static const char *const bare[] = {
	"From \n",
	"From -\n",
	"From - Mon Jan 1 ...\n",
	"From MAILER-DAEMON\n",
	"From MAILER-DAEMON Mon, 1 Jan 2026\n",
	"From ann@example.org\n",
};

/* The second begins a message, the other four are its text. */
static void assert_starts(struct buf *file, const char *line)
{
	struct buf want = { 0 };

	buf_printf(&want,
	           "[Subject: 1\nContent-Length: 999\n\nx\n]"
	           "[X-A: 2\n folded\nDate: y\nFrom: a\n\ny\n\n"
	           "%sand so on\n\n%sP.S.: this\nand that\n\n"
	           "%sOnly: this\n\nz\n%sTo: no empty line\n]",
	           line, line, line, line);
	buf_byte(&want, '\0');
	assert_texts(edge_of(buf_slice(file)), want.data);
	buf_free(&want);
}

static void undated(void **state)
{
	struct slice file = EDGE("From -\nFrom: a\nDate: Sat, 21 Nov 2026 "
	                         "06:30:00 +0200\n\nx\n");
	struct mbox_message m;

	(void)state;
	assert_true(mbox_next(&file, &m));
	assert_int_equal(m.meta.internaldate, DATE);
	assert_int_equal(m.meta.zone, 120);
}

static void texts(void **state)
{
	(void)state;
	assert_texts(EDGE(FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n"),
	             "[A: 1\n\nx\n][B: 2\n\ny\n]");
	/* no empty line before: it is text */
	assert_texts(EDGE(FROM "A: 1\n\nx\n" FROM "y\n\n"),
	             "[A: 1\n\nx\n" FROM "y\n]");
	/* an empty line and words: text too */
	assert_texts(EDGE(FROM "A: 1\n\nx\n\nFrom here on\n"),
	             "[A: 1\n\nx\n\nFrom here on\n]");
	assert_texts(EDGE(FROM "\n>From a\n>>From b\n> From c\n>x\n"),
	             "[\nFrom a\n>From b\n> From c\n>x\n]");
	assert_texts(EDGE(FROM "Status: RO\nA: 1\nX-Keywords: a b\n  c\n d\n"
	                       "x-status: F\n folded\n\nStatus: x\n"),
	             "[A: 1\n folded\n\nStatus: x\n]");
	assert_texts(EDGE("junk\n\n" FROM "A: 1\n\n\n\n\n" FROM),
	             "[A: 1\n\n\n\n][]");
	assert_texts(EDGE(FROM "A: 1\r\n\r\nx\r\n\r\n" FROM "B\n"),
	             "[A: 1\r\n\r\nx\r\n][B\n]");
	/* no date: what follows decides, and Content-Length is not believed */
	for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
		struct buf file = { 0 };

		buf_printf(&file,
		           "%sSubject: 1\nContent-Length: 999\n\nx\n\n"
		           "%sX-A: 2\n folded\nDate: y\nFrom: a\n\ny\n\n"
		           "%sand so on\n\n%sP.S.: this\nand that\n\n"
		           "%sOnly: this\n\nz\n%sTo: no empty line\n",
		           bare[i], bare[i], bare[i], bare[i], bare[i],
		           bare[i]);
		assert_starts(&file, bare[i]);
		buf_free(&file);
	}
	assert_texts(EDGE(FROM "\nFrom here on:\nSubject: x\nTo: y\n\nz\n"),
	             "[\nFrom here on:\nSubject: x\nTo: y\n\nz\n]");
	assert_texts(EDGE(FROM "\n\nFrom a@b I had:\nSubject: x\n\nz\n"),
	             "[\n\nFrom a@b I had:\nSubject: x\n\nz\n]");
	assert_texts(EDGE("From \r\nTo: a\r\n\r\nx\r\n\r\nFrom \r\nTo: b"),
	             "[To: a\r\n\r\nx\r\n][To: b]");
	assert_texts(EDGE(FROM "no end"), "[no end]");
	assert_texts(EDGE("no message\n"), "");
	assert_texts(EDGE(""), "");
}

static void status_fields(void **state)
{
	struct slice file = EDGE(FROM "X-Keywords: $Label1  Work $label1\n"
	                              "X-Status: AFTD\nStatus: RO\n\nx\n");
	struct mbox_message m;

	(void)state;
	assert_true(mbox_next(&file, &m));
	assert_int_equal(m.meta.flags, FLAG_SEEN | FLAG_ANSWERED |
	                                       FLAG_FLAGGED | FLAG_DRAFT |
	                                       FLAG_DELETED);
	assert_int_equal(m.meta.n_keywords, 2);
	assert_slice(m.meta.keywords[0], "$Label1");
	assert_slice(m.meta.keywords[1], "Work");
}

static void kinds(void **state)
{
	static const struct {
		const char *file;
		bool is_one;
	} rows[] = {
		{ "", true },
		{ "\n\r\n", true },
		{ FROM, true },
		{ "\n" FROM "Subject: a\n", true },
		{ "Subject: a\n\nFrom me\n", false },
		{ "From ann\n", false },
		{ "From \nSubject: a\n", true },
		{ "From \nNote: a\n", false },
		{ "x\nFrom \nSubject: a\n", false },
		{ "x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(mbox_is_one(slice_cstr(rows[i].file)),
		                 rows[i].is_one);
}

/* What was written is read again, chunk by chunk of every size. */
static void round_trip(void **state)
{
	static const char *const messages[] = {
		"Subject: a\n\nFrom here\n>From there\n",
		" begins with a space\n\n",
		"\n\n\n",
		"Subject: b\n\n" FROM "\n" FROM,
		FROM "\nno line end",
		"A: 1\r\n\r\nx\r\n",
	};
	struct transfer_message meta = { .flags = FLAG_FLAGGED,
		                         .internaldate = DATE,
		                         .zone = -210 };

	(void)state;
	transfer_add_keyword(&meta, S("$Junk"));
	for (size_t chunk = 1; chunk < 40; chunk++) {
		struct buf file = { 0 };
		struct buf text = { 0 };
		struct mbox_message m;
		struct slice rest;

		for (size_t i = 0; i < 6; i++) {
			struct slice s = slice_cstr(messages[i]);
			struct mbox_writer w;

			mbox_begin(&w, &meta, &file);
			for (; s.len > 0; s = slice_from(s, chunk))
				mbox_add(&w, slice_first(s, chunk), &file);
			mbox_end(&w, &file);
		}
		rest = buf_slice(&file);
		for (size_t i = 0; i < 6; i++) {
			assert_true(mbox_next(&rest, &m));
			assert_int_equal(m.meta.internaldate, DATE);
			assert_int_equal(m.meta.zone, -210);
			assert_int_equal(m.meta.flags, FLAG_FLAGGED);
			assert_int_equal(m.meta.n_keywords, 1);
			text.len = 0;
			while (mbox_text(&m, chunk, &text))
				continue;
			assert_memory_equal(text.data, messages[i],
			                    strlen(messages[i]));
		}
		assert_false(mbox_next(&rest, &m));
		buf_free(&file);
		buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_lines),    cmocka_unit_test(texts),
		cmocka_unit_test(status_fields), cmocka_unit_test(kinds),
		cmocka_unit_test(round_trip),    cmocka_unit_test(undated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
