/* reply_test.c -- strings, names, flags and status as they go out. */
#include "imap/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_out(struct buf *out, const char *wanted)
{
	buf_byte(out, '\0');
	assert_string_equal(out->data, wanted);
	buf_free(out);
}

/* behaviour 30, 31, 40: what can't be quoted is a literal, NIL is quoted */
static void test_strings(void **state)
{
	struct buf out = { 0 };

	(void)state;
	reply_string(&out, S(""));
	assert_out(&out, "\"\"");
	reply_string(&out, S("a\"b\\c"));
	assert_out(&out, "\"a\\\"b\\\\c\"");
	reply_string(&out, S("a\tb"));
	assert_out(&out, "{3}\r\na\tb");
	reply_string(&out, S("\xc3\xa4"));
	assert_out(&out, "{2}\r\n\xc3\xa4");
	reply_astring(&out, S("a]b"));
	assert_out(&out, "a]b");
	reply_astring(&out, S("nil"));
	assert_out(&out, "\"nil\"");
	reply_astring(&out, S(""));
	assert_out(&out, "\"\"");
}

/* behaviour 44, 85, 86 */
static void test_mailboxes(void **state)
{
	struct buf out = { 0 };

	(void)state;
	reply_mailbox(&out, S("INBOX"), false);
	assert_out(&out, "INBOX");
	reply_mailbox(&out, S("a&b"), false);
	assert_out(&out, "\"a&-b\"");
	reply_mailbox(&out, S("a&b"), true);
	assert_out(&out, "\"a&b\"");
	reply_mailbox(&out, S("\xc3\xa4 x"), false);
	assert_out(&out, "\"&AOQ- x\"");
	reply_mailbox(&out, S("\xc3\xa4 x"), true);
	assert_out(&out, "\"\xc3\xa4 x\"");
	reply_mailbox(&out, S("[x]"), false);
	assert_out(&out, "[x]");
}

static void test_flags(void **state)
{
	const struct slice names[70] = { [0] = S("$Junk"), [69] = S("last") };
	struct record r = { .flags = FLAG_SEEN | FLAG_ANSWERED };
	struct buf out = { 0 };

	(void)state;
	reply_flags(&out, &r, names, 70);
	assert_out(&out, "\\Answered \\Seen");
	r.keywords.word[0] = 1;
	r.keywords.word[1] = 1 << 5;
	reply_flags(&out, &r, names, 70);
	assert_out(&out, "\\Answered \\Seen $Junk last");
	r.flags = 0;
	reply_flags(&out, &r, names, 1);
	assert_out(&out, "$Junk");
}

/* Every code has its word, and behaviour 43: the text is never empty. */
static void test_status(void **state)
{
	(void)state;
	for (int code = 0; code < ERR_CODES; code++) {
		struct buf out = { 0 };
		struct slice text;

		reply_status(&out, err((enum err_code)code, NULL));
		text = buf_slice(&out);
		assert_true(slice_starts(text, S("OK ")) ||
		            slice_starts(text, S("NO ")) ||
		            slice_starts(text, S("BAD ")));
		assert_int_equal(is_bad(err((enum err_code)code, "")),
		                 slice_starts(text, S("BAD ")));
		assert_false(slice_ends(text, S(" ")));
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_mailboxes),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
