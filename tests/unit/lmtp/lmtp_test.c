/*
 * lmtp_test.c -- transcripts of LMTP connections, in process, over every
 * chunk size from 1 to 64 bytes and in one piece.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "lmtp/lmtp.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HELLO    "220 mx roost LMTP ready\r\n"
#define LHLO                                                           \
	"250-mx\r\n250-PIPELINING\r\n250-SIZE 100\r\n250-8BITMIME\r\n" \
	"250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
#define NO_SUCH "550 5.1.1 there is no such user here\r\n"

struct trace {
	struct buf text;
	bool in_message;
	enum lmtp_event last;
};

static void collect(struct lmtp *l, struct trace *t)
{
	struct buf *out = lmtp_out(l);

	buf_add(&t->text, buf_slice(out));
	buf_drop(out, out->len);
}

/* Users are known by the first letter of their names. */
static enum err_code look_up(struct slice who)
{
	switch (who.ptr[0]) {
	case 'x':
		return ERR_ABSENT;
	case 'u':
		return ERR_UNAVAILABLE;
	default:
		return ERR_OK;
	}
}

static const enum err_code outcomes[] = {
	ERR_OK, ERR_OVERQUOTA, ERR_NOSPACE, ERR_IO, ERR_TOOBIG, ERR_ABSENT,
};

static void deliver(struct lmtp *l, struct trace *t)
{
	buf_printf(&t->text, ">%d\r\n", (int)lmtp_recipients(l));
	t->in_message = false;
	for (size_t i = 0; i < lmtp_recipients(l) && i < COUNT(outcomes); i++)
		lmtp_result(l, i, outcomes[i]);
	lmtp_report(l);
}

static void happen(struct lmtp *l, struct trace *t)
{
	switch (t->last) {
	case LMTP_LOOKUP:
		lmtp_found(l, look_up(lmtp_recipient(l)));
		break;
	case LMTP_OPEN:
		buf_printf(&t->text, "<%.*s:", (int)lmtp_sender(l).len,
		           lmtp_sender(l).ptr);
		t->in_message = true;
		break;
	case LMTP_PIECE:
		assert_true(t->in_message);
		buf_add(&t->text, lmtp_piece(l));
		break;
	case LMTP_ABORT:
		assert_true(t->in_message);
		t->in_message = false;
		break;
	case LMTP_DELIVER:
		deliver(l, t);
		break;
	default:
		break;
	}
}

static bool step(struct lmtp *l, struct trace *t)
{
	while ((t->last = lmtp_next(l)) != LMTP_INPUT && t->last != LMTP_OVER) {
		collect(l, t);
		happen(l, t);
	}
	collect(l, t);
	return t->last == LMTP_INPUT;
}

static struct trace play(struct slice in, size_t chunk)
{
	struct lmtp *l = lmtp_new(S("mx"), 100);
	struct trace t = { 0 };

	while (step(l, &t) && in.len != 0) {
		size_t size;
		char *room = lmtp_room(l, &size);
		struct slice piece =
			slice_first(in, size < chunk ? size : chunk);

		memcpy(room, piece.ptr, piece.len);
		lmtp_took(l, piece.len);
		in = slice_from(in, piece.len);
	}
	if (t.last == LMTP_OVER)
		buf_add(&t.text, S("<over>"));
	buf_byte(&t.text, '\0');
	lmtp_free(l);
	return t;
}

static void test_transcripts(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "LHLO a\r\n", HELLO LHLO },
		{ "QUIT\r\nNOOP\r\n",
		  HELLO "221 2.0.0 until next time\r\n<over>" },
		{ "NOOP\r\nVRFY x\r\nRSET\r\n",
		  HELLO "250 2.0.0 ok\r\n252 2.5.2 send it and see\r\n"
		        "250 2.0.0 ok\r\n" },
		{ "MAIL FROM:<a>\r\nDATA\r\nRCPT TO:<b>\r\n",
		  HELLO "503 5.5.1 say LHLO first\r\n"
		        "503 5.5.1 no valid recipients\r\n"
		        "503 5.5.1 say MAIL first\r\n" },
		{ "EHLO x\r\n", HELLO "500 5.5.1 this is LMTP, say LHLO\r\n" },
		{ "LHLO a\nNOOP\r\n",
		  HELLO "500 5.5.2 a line ends in CRLF\r\n250 2.0.0 ok\r\n" },
		/* one message, all in one go */
		{ "LHLO a\r\nMAIL FROM:<s> SIZE=5\r\nRCPT TO:<b>\r\nDATA\r\n"
		  "..x\r\n.\r\nQUIT\r\n",
		  HELLO LHLO "250 2.1.0 ok\r\n250 2.1.5 ok\r\n"
		             "354 end with CRLF.CRLF\r\n<s:.x\r\n>1\r\n"
		             "250 2.0.0 delivered\r\n"
		             "221 2.0.0 until next time\r\n<over>" },
		/* each recipient has his own answer */
		{ "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<x>\r\n"
		  "RCPT TO:<b>\r\nRCPT TO:<u>\r\nRCPT TO:<c>\r\nRCPT TO:<d>\r\n"
		  "RCPT TO:<e>\r\nRCPT TO:<f>\r\nRCPT TO:<g>\r\nDATA\r\n.\r\n",
		  HELLO LHLO
		  "250 2.1.0 ok\r\n250 2.1.5 ok\r\n" NO_SUCH "250 2.1.5 ok\r\n"
		  "451 4.3.0 users can't be looked up now\r\n"
		  "250 2.1.5 ok\r\n250 2.1.5 ok\r\n250 2.1.5 ok\r\n"
		  "250 2.1.5 ok\r\n250 2.1.5 ok\r\n"
		  "354 end with CRLF.CRLF\r\n<:>7\r\n"
		  "250 2.0.0 delivered\r\n452 4.2.2 the mailbox is full\r\n"
		  "452 4.3.1 there is no room left\r\n"
		  "451 4.3.0 it can't be delivered now\r\n"
		  "552 5.3.4 the message is too big\r\n" NO_SUCH
		  "451 4.3.0 it can't be delivered now\r\n" },
		/* nobody is known: no DATA */
		{ "LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<x>\r\nDATA\r\n",
		  HELLO LHLO "250 2.1.0 ok\r\n" NO_SUCH
		             "503 5.5.1 no valid recipients\r\n" },
		{ "LHLO a\r\nMAIL FROM:<a> SIZE=101\r\nMAIL FROM:<a>\r\n"
		  "MAIL FROM:<b>\r\n",
		  HELLO LHLO "552 5.3.4 the message is too big\r\n"
		             "250 2.1.0 ok\r\n"
		             "503 5.5.1 there is a sender already\r\n" },
		/* two messages; the second knows nothing of the first */
		{ "LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\nx\r\n.\r\n"
		  "DATA\r\nMAIL FROM:<c>\r\nRCPT TO:<d>\r\nRSET\r\nDATA\r\n",
		  HELLO LHLO "250 2.1.0 ok\r\n250 2.1.5 ok\r\n"
		             "354 end with CRLF.CRLF\r\n<a:x\r\n>1\r\n"
		             "250 2.0.0 delivered\r\n"
		             "503 5.5.1 no valid recipients\r\n"
		             "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 ok\r\n"
		             "503 5.5.1 no valid recipients\r\n" },
		{ "LHLO a\r\nMAIL FROM:<\303\244>\r\n"
		  "MAIL FROM:<\303\244> SMTPUTF8\r\nRCPT TO:<\303\266>\r\n",
		  HELLO LHLO "553 5.6.7 that address needs SMTPUTF8\r\n"
		             "250 2.1.0 ok\r\n250 2.1.5 ok\r\n" },
		/* a smuggled command is text */
		{ "LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n"
		  "x\n.\nMAIL FROM:<evil>\r\n.\r\n",
		  HELLO LHLO "250 2.1.0 ok\r\n250 2.1.5 ok\r\n"
		             "354 end with CRLF.CRLF\r\n"
		             "<a:x\n.\nMAIL FROM:<evil>\r\n>1\r\n"
		             "250 2.0.0 delivered\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t chunk = 1; chunk <= 65; chunk++) {
			struct trace t = play(slice_cstr(cases[i].in),
			                      chunk == 65 ? 4096 : chunk);

			assert_string_equal(t.text.data, cases[i].out);
			buf_free(&t.text);
		}
	}
}

static struct trace play_run(const char *head, char c, size_t n,
                             const char *tail, size_t chunk)
{
	struct buf in = { 0 };
	struct trace t;

	buf_add(&in, slice_cstr(head));
	memset(buf_room(&in, n + 1), c, n);
	in.len += n;
	buf_add(&in, slice_cstr(tail));
	t = play(buf_slice(&in), chunk);
	buf_free(&in);
	return t;
}

/* The limit on a message: at it, one beyond it, far beyond it. */
static void test_message_limit(void **state)
{
	static const struct {
		size_t n; /* and CRLF */
		bool fits;
	} cases[] = { { 98, true }, { 99, false }, { 100000, false } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trace t =
			play_run("LHLO a\r\nMAIL FROM:<a>\r\n"
		                 "RCPT TO:<b>\r\nDATA\r\n",
		                 'x', cases[i].n, "\r\n.\r\nNOOP\r\n", 50);

		t.text.len--;
		assert_true(slice_ends(
			buf_slice(&t.text),
			cases[i].fits ? S(">1\r\n250 2.0.0 delivered\r\n"
		                          "250 2.0.0 ok\r\n")
				      : S("552 5.3.4 the message is too big\r\n"
		                          "250 2.0.0 ok\r\n")));
		assert_false(t.in_message);
		buf_free(&t.text);
	}
}

/* LIMIT_LMTP_LINE: at it, one beyond it, never finished */
static void test_line_limit(void **state)
{
	static const struct {
		size_t n;
		const char *tail;
		const char *out;
	} cases[] = {
		{ LIMIT_LMTP_LINE - 6, "\r\nNOOP\r\n",
		  HELLO "250 2.0.0 ok\r\n250 2.0.0 ok\r\n" },
		{ LIMIT_LMTP_LINE - 4, "\r\nNOOP\r\n",
		  HELLO "500 5.5.2 line is too long\r\n250 2.0.0 ok\r\n" },
		{ 1000000, "", HELLO "500 5.5.2 line is too long\r\n" },
		{ 1000000, "\r\nNOOP\r\n",
		  HELLO "500 5.5.2 line is too long\r\n250 2.0.0 ok\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trace t =
			play_run("NOOP ", '(', cases[i].n, cases[i].tail, 1000);

		assert_string_equal(t.text.data, cases[i].out);
		buf_free(&t.text);
	}
}

/* LIMIT_LMTP_RECIPIENTS and LIMIT_BAD */
static void test_counts(void **state)
{
	struct buf in = { 0 };
	struct trace t;

	(void)state;
	buf_add(&in, S("LHLO a\r\nMAIL FROM:<a>\r\n"));
	for (int i = 0; i < LIMIT_LMTP_RECIPIENTS; i++)
		buf_add(&in, S("RCPT TO:<b>\r\n"));
	t = play(buf_slice(&in), 4096);
	assert_int_equal(slice_find(buf_slice(&t.text), S("452")), SLICE_NONE);
	buf_free(&t.text);
	buf_add(&in, S("RCPT TO:<b>\r\nDATA\r\n.\r\n"));
	t = play(buf_slice(&in), 4096);
	assert_true(slice_find(buf_slice(&t.text),
	                       S("452 4.5.3 too many recipients\r\n354 ")) !=
	            SLICE_NONE);
	assert_true(slice_find(buf_slice(&t.text), S(">1000\r\n")) !=
	            SLICE_NONE);
	buf_free(&t.text);
	buf_free(&in);

	for (int i = 0; i < LIMIT_BAD - 1; i++)
		buf_add(&in, S("X\r\n"));
	buf_add(&in, S("NOOP\r\nX\r\n"));
	t = play(buf_slice(&in), 4096);
	assert_int_equal(t.last, LMTP_INPUT);
	buf_free(&t.text);
	for (int i = 0; i < LIMIT_BAD; i++)
		buf_add(&in, S("X\r\n"));
	t = play(buf_slice(&in), 4096);
	assert_int_equal(t.last, LMTP_OVER);
	buf_free(&t.text);
	buf_free(&in);
}

static void feed(struct lmtp *l, struct slice in)
{
	size_t size;
	char *room = lmtp_room(l, &size);

	memcpy(room, in.ptr, in.len);
	lmtp_took(l, in.len);
}

/* A server that stops takes the message in hand, and no other. */
static void test_stop(void **state)
{
	struct lmtp *l = lmtp_new(S("mx"), 100);
	struct trace t = { 0 };

	(void)state;
	feed(l, S("LHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\nx\r\n"));
	step(l, &t);
	lmtp_stop(l);
	step(l, &t);
	assert_int_equal(t.last, LMTP_INPUT);
	feed(l, S(".\r\nMAIL FROM:<c>\r\n"));
	step(l, &t);
	assert_int_equal(t.last, LMTP_OVER);
	assert_true(slice_ends(buf_slice(&t.text),
	                       S("250 2.0.0 delivered\r\n"
	                         "421 4.3.2 the server is going down\r\n")));
	buf_free(&t.text);
	lmtp_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transcripts),
		cmocka_unit_test(test_message_limit),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
