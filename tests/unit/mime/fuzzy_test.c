/* fuzzy_test.c -- what is found of a text by something like it. */
#include "../../fuzzy_pieces.h"
#include "base/unicode.h"
#include "text_cases.h"

struct fuzzy_case {
	const char *text;
	const char *sought;
	unsigned score; /* in a header */
};

static const struct fuzzy_case cases[] = {
	/* as it stands; nothing at all does everywhere */
	{ "imap break", "imap break", 100 },
	{ "rimap breaker", "imap break", 100 },
	{ "", "", 100 },
	{ "x", "", 100 },
	{ "a !? b", "!?", 100 },
	{ "", "a", 0 },
	{ "a b", "!?", 0 },
	/* accents and vowel points, but not what tells letters apart */
	{ "dvo\u0159\u00e1k", "dvorak", 100 },
	{ "dvorak", "dvo\u0159\u00e1k", 100 },
	{ "e\u0301te\u0301", "\u00e9t\u00e9", 100 },
	{ "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
	  "\u05e9\u05dc\u05d5\u05dd", 100 },
	{ "\u0915\u093f", "\u0915\u0941", 0 },
	{ "\u0e01\u0e34\u0e19", "\u0e01\u0e19", 0 },
	{ "\uae00", "\uac00", 0 }, /* Hangul stays as it is */
	/* words: themselves, or a part of others */
	{ "break the imap", "imap break", 90 },
	{ "break, rimap", "imap break", 80 },
	{ "imaps", "imap! imap?", 70 },
	{ "imaps, imap", "imap! imap?", 90 },
	/* alike: too many, missing, another one, exchanged */
	{ "hello", "helo", 50 },
	{ "help", "helo", 50 },
	{ "hel", "helo", 50 },
	{ "ehlo", "helo", 50 },
	{ "heol", "helo", 50 },
	{ "xelo", "helo", 50 },
	{ "xhelo", "helo", 100 },
	{ "xhello", "helo", 0 },
	{ "oleh", "helo", 0 },
	{ "cot", "cat", 0 }, /* too short */
	{ "\u0436\u0443\u043a\u0438", "\u0436\u0443\u043a\u0430", 50 },
	{ "\u0436\u0443\u043a\u0438", "\u0436\u0430\u043a\u0430", 0 },
	{ "\u0443\u0436\u043a\u0438", "\u0436\u0443\u043a\u0438", 50 },
	/* two letters of which only a first octet is the same */
	{ "ab\u0436\u0434", "ab\u0433\u043b", 0 },
	/* endings */
	{ "meeting", "meetings", 50 },
	{ "connected", "connection", 50 },
	{ "connected", "connectivity", 0 },
	{ "booked", "booking", 0 }, /* too little in front of them */
	/* two thirds of the words */
	{ "one two", "one two three", 60 },
	{ "one", "one two three", 0 },
	{ "one", "one two", 0 },
	{ "five three one", "one two three four five", 0 },
	{ "five three one four", "one two three four five", 72 },
	/* only the first sixteen count */
	{ "p o n m l k j i h g f e d c b a",
	  "a b c d e f g h i j k l m n o p x y z", 90 },
};

static const struct fuzzy *sought(struct arena *a, const char *text)
{
	struct edge in = edge_new(slice_cstr(text));
	const struct fuzzy *f = fuzzy_new(a, in.text);

	edge_free(&in);
	return f;
}

static void test_scores(void **state)
{
	struct arena *a = arena_new(SIZE_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct edge in = edge_new(slice_cstr(cases[i].text));
		unsigned score =
			fuzzy_score_text(sought(a, cases[i].sought), in.text);

		if (score != cases[i].score)
			fail_msg("%s in %s: %u", cases[i].sought, cases[i].text,
			         score);
		edge_free(&in);
	}
	arena_free(a);
}

/* The same in pieces. */
static void test_pieces(void **state)
{
	struct arena *a = arena_new(SIZE_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fuzzy *f = sought(a, cases[i].sought);
		struct buf text = { 0 };

		unicode_unmark(slice_cstr(cases[i].text), &text);
		for (size_t piece = 1; piece <= text.len; piece++)
			assert_int_equal(
				score_pieces(f, buf_slice(&text), piece),
				cases[i].score);
		buf_free(&text);
	}
	arena_free(a);
}

/* However long a word is, what is held of it is bounded. */
static void test_long_word(void **state)
{
	struct arena *a = arena_new(SIZE_MAX);
	const struct fuzzy *f = sought(a, "needle");
	struct fuzzy_match m = { 0 };
	struct buf held = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_add(&held, S("hay"));
		buf_drop(&held, fuzzy_look(f, buf_slice(&held), false,
		                           FUZZY_IN_BODY, &m));
		assert_true(held.len < 1024);
	}
	assert_int_equal(fuzzy_score(f, &m), 0);
	buf_add(&held, S("needles"));
	fuzzy_look(f, buf_slice(&held), true, FUZZY_IN_BODY, &m);
	assert_int_equal(fuzzy_score(f, &m), 70);
	buf_free(&held);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
