/* log_test.c -- no value, however made, can forge a line or a field. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What stands behind "event=test" in the line. */
static struct slice fields(struct log_line *l)
{
	struct slice line = slice_of(l->text, l->len);
	size_t at = slice_find(line, S(" event=test"));

	assert_true(at != SLICE_NONE);
	return slice_from(line, at + 11);
}

static void test_values(void **state)
{
	static const struct {
		struct slice value;
		struct slice text;
	} rows[] = {
		{ S("plain-1.2_3:4@x/y"), S(" k=plain-1.2_3:4@x/y") },
		{ S(""), S(" k=\"\"") },
		{ S("two words"), S(" k=\"two words\"") },
		{ S("a=b"), S(" k=\"a=b\"") },
		{ S("say \"hi\""), S(" k=\"say \\\"hi\\\"\"") },
		{ S("back\\slash"), S(" k=\"back\\\\slash\"") },
		{ S("x\r\nlevel=error"), S(" k=\"x\\x0d\\x0alevel=error\"") },
		{ S("nul\0"), S(" k=\"nul\\x00\"") },
		{ S("\x1b[31m"), S(" k=\"\\x1b[31m\"") },
		{ S("caf\xc3\xa9"), S(" k=\"caf\xc3\xa9\"") },
		{ S("\xc2\x9b"
		    "2J"),
		  S(" k=\"\\xc2\\x9b2J\"") },
		{ S("bad\xff\xc3"), S(" k=\"bad\\xff\\xc3\"") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct log_line l = log_open(LOG_LEVEL_ERROR, "test");

		log_text(&l, "k", rows[i].value);
		assert_true(slice_eq(fields(&l), rows[i].text));
	}
}

static void test_number(void **state)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "test");

	(void)state;
	log_number(&l, "n", 0);
	log_number(&l, "most", UINT64_MAX);
	assert_true(slice_eq(fields(&l), S(" n=0 most=18446744073709551615")));
}

/* A line is full some day, and nothing is written behind it. */
static void test_bounds(void **state)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "test");
	char big[5000];

	(void)state;
	memset(big, 'x', sizeof big);
	log_text(&l, "k", slice_of(big, sizeof big));
	assert_int_equal(fields(&l).len, 3 + LOG_VALUE);
	memset(big, '\n', sizeof big);
	for (int i = 0; i < 100; i++)
		log_text(&l, "k", slice_of(big, sizeof big));
	assert_true(l.len <= LOG_LINE - 1);
	assert_int_equal(slice_find_byte(slice_of(l.text, l.len), '\n'),
	                 SLICE_NONE);
}

/* As systemd does it for standard error. */
static void set_journal(int fd)
{
	char stream[48];
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev,
	         (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

/* What log_close() writes to standard error. */
static size_t captured(bool to_journal, enum log_level level, char *text,
                       size_t size)
{
	int saved = dup(STDERR_FILENO);
	struct log_line l;
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	if (to_journal)
		set_journal(STDERR_FILENO);
	log_init("gate/0", LOG_LEVEL_WARN);
	l = log_open(level, "test");
	log_text(&l, "k", S("v"));
	log_close(&l);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	n = read(fds[0], text, size);
	close(fds[0]);
	return (size_t)n;
}

static void test_levels(void **state)
{
	char text[LOG_LINE];
	size_t n;

	(void)state;
	n = captured(false, LOG_LEVEL_WARN, text, sizeof text);
	assert_true(slice_starts(slice_of(text, n), S("ts=20")));
	assert_true(slice_ends(slice_of(text, n),
	                       S("Z level=warn proc=gate/0 event=test k=v\n")));
	assert_int_equal(captured(false, LOG_LEVEL_INFO, text, sizeof text), 0);
}

static void test_journal(void **state)
{
	char text[LOG_LINE];
	size_t n = captured(true, LOG_LEVEL_ERROR, text, sizeof text);

	(void)state;
	assert_true(slice_starts(slice_of(text, n), S("<3>ts=20")));
	n = captured(true, LOG_LEVEL_WARN, text, sizeof text);
	assert_true(slice_starts(slice_of(text, n), S("<4>ts=20")));
	/* another pipe than the one that is named */
	n = captured(false, LOG_LEVEL_WARN, text, sizeof text);
	assert_true(slice_starts(slice_of(text, n), S("ts=20")));
	unsetenv("JOURNAL_STREAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),  cmocka_unit_test(test_number),
		cmocka_unit_test(test_bounds),  cmocka_unit_test(test_levels),
		cmocka_unit_test(test_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
