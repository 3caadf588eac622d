/* subject_test.c -- base subjects and message ids, for THREAD and SORT. */
#include "mime/subject.h"

#include "mime/message_id.h"
#include "text_cases.h"

static void write_base(struct slice in, struct buf *out)
{
	bool is_reply;
	struct slice base = subject_base(in, &is_reply);

	buf_add(out, base);
	buf_add(out, is_reply ? S("|reply") : S("|"));
}

/* RFC 5256 section 2.1 */
static void test_base(void **state)
{
	static const struct text_case cases[] = {
		{ "", "|" },
		{ "hello", "hello|" },
		{ "Re: hello", "hello|reply" },
		{ "RE: Fwd: FW: re : hello (fwd) (FWD)", "hello|reply" },
		{ "Re[2]: hello", "hello|reply" },
		{ "[list] Re: hello", "hello|reply" },
		{ "[list] hello", "hello|" },
		{ "[a] [b] hello", "hello|" },
		{ "[a] Re: [b] hello", "hello|reply" },
		{ "[only]", "[only]|" },
		{ "[a] [only]", "[only]|" },
		{ "[Fwd: hello]", "hello|reply" },
		{ "[fwd: Re: [fwd: hello]]", "hello|reply" },
		{ "[fwd: hello", "[fwd: hello|" },
		{ "[unclosed hello", "[unclosed hello|" },
		{ "Regarding: hello", "Regarding: hello|" },
		{ "Re:", "|reply" },
		{ "re", "re|" },
		{ "(fwd)", "|reply" },
		{ "hello  ", "hello|" },
		{ "[[]]", "[[]]|" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), write_base);
}

static void write_ids(struct slice in, struct buf *out)
{
	message_ids(in, 3, out);
}

static void test_ids(void **state)
{
	static const struct text_case cases[] = {
		{ "", "" },
		{ "<a@b>", "a@b" },
		{ " (c) <a@b>\r\n\t<c@d> text <e@f>", "a@b c@d e@f" },
		{ "<1@x> <2@x> <3@x> <4@x>", "2@x 3@x 4@x" },
		{ "<\"01KF8\"@xxx>", "01KF8@xxx" },
		{ "<a @\r\n b>", "a@b" },
		{ "<> <a@b> <>", "a@b" },
		{ "<a@b", "" },
		{ "a@b", "" },
		{ "<", "" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), write_ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
