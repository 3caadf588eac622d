/*
 * preauth_test.c -- transcripts of connections before log-in, in process,
 * each over every chunk size from 1 to 64 bytes and in one piece.
 * behaviours 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 25, 26,
 * 27, 45
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/preauth.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define CAPA        "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- SASL-IR ID ENABLE"
#define TLS_CAPA    CAPA " AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN"
#define CLEAR_CAPA  CAPA " STARTTLS LOGINDISABLED"
#define HELLO       "* OK [" TLS_CAPA "] mail.example.org roost ready\r\n"
#define CLEAR_HELLO "* OK [" CLEAR_CAPA "] mail.example.org roost ready\r\n"

enum { OFFERED = 1 << SASL_SCRAM_SHA_256 | 1 << SASL_PLAIN | 1 << SASL_LOGIN };

static const struct preauth_options inside_tls = {
	{ "mail.example.org", 16 }, true, true, true, OFFERED
};
static const struct preauth_options in_clear = {
	{ "mail.example.org", 16 }, false, true, false, OFFERED
};
static const struct preauth_options trusted = {
	{ "mail.example.org", 16 }, false, true, true, OFFERED
};
static const struct preauth_options without_certificate = {
	{ "mail.example.org", 16 }, false, false, false, OFFERED
};

/* What happened: the output, with a line in it for each event. */
struct trace {
	struct buf text;
	enum preauth_event last;
};

static void collect(struct preauth *p, struct trace *t)
{
	struct buf *out = preauth_out(p);

	buf_add(&t->text, buf_slice(out));
	buf_drop(out, out->len);
}

/* A NUL is shown as "|". */
static void note_login(struct preauth *p, struct trace *t)
{
	const struct preauth_login *l = preauth_login(p);

	buf_byte(&t->text, '<');
	buf_add(&t->text, sasl_mechanisms[l->mechanism].name);
	buf_byte(&t->text, l->is_first ? '|' : '+');
	for (size_t i = 0; i < l->response.len; i++) {
		char c = l->response.ptr[i];

		buf_byte(&t->text, c != '\0' ? c : '|');
	}
	buf_add(&t->text, S(">\r\n"));
}

/* Everything up to the next need of input; whoever says "more" is asked for
 * it, other log-ins are refused. */
static bool step(struct preauth *p, struct trace *t)
{
	while ((t->last = preauth_next(p)) == PREAUTH_VERIFY) {
		collect(p, t);
		note_login(p, t);
		if (slice_eq(preauth_login(p)->response, S("more")))
			preauth_challenge(p, S("and?"));
		else
			preauth_refuse(p, ERR_AUTHENTICATIONFAILED, S("no"));
	}
	collect(p, t);
	return t->last == PREAUTH_INPUT;
}

static struct trace play(const struct preauth_options *options, struct slice in,
                         size_t chunk)
{
	struct preauth *p = preauth_new(options, true);
	struct trace t = { 0 };

	while (step(p, &t) && in.len != 0) {
		size_t size;
		char *room = preauth_room(p, &size);
		struct slice piece =
			slice_first(in, size < chunk ? size : chunk);

		memcpy(room, piece.ptr, piece.len);
		preauth_took(p, piece.len);
		in = slice_from(in, piece.len);
	}
	if (t.last == PREAUTH_STARTTLS)
		buf_add(&t.text, S("<TLS>"));
	if (t.last == PREAUTH_OVER)
		buf_add(&t.text, S("<over>"));
	preauth_free(p);
	return t;
}

struct transcript {
	const char *in;
	const char *out;
};

static void assert_plays(const struct preauth_options *options,
                         const char *hello, const struct transcript *t,
                         size_t n, size_t most)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t chunk = 1; chunk <= most; chunk++) {
			struct trace got = play(options, slice_cstr(t[i].in),
			                        chunk == 65 ? 4096 : chunk);

			buf_byte(&got.text, '\0');
			assert_memory_equal(got.text.data, hello,
			                    strlen(hello));
			assert_string_equal(got.text.data + strlen(hello),
			                    t[i].out);
			buf_free(&got.text);
		}
	}
}

static void test_inside_tls(void **state)
{
	static const struct transcript cases[] = {
		{ "", "" },
		{ "a CAPABILITY\r\n",
		  "* " TLS_CAPA "\r\na OK CAPABILITY completed\r\n" },
		{ "a NOOP\r\n", "a OK NOOP completed\r\n" },
		{ "a NOOP\r\nb NOOP\r\n",
		  "a OK NOOP completed\r\nb OK NOOP completed\r\n" },
		{ "\r\n\r\na NOOP\r\n\r\n", "a OK NOOP completed\r\n" },
		{ "a LOGOUT\r\nb NOOP\r\n",
		  "* BYE until next time\r\na OK LOGOUT completed\r\n<over>" },
		{ "a STARTTLS\r\n", "a BAD TLS is active already\r\n" },
		{ "a ID NIL\r\n",
		  "* ID (\"name\" \"roost\")\r\na OK ID completed\r\n" },
		{ "a SELECT INBOX\r\n",
		  "a BAD unknown command, or one that needs a log-in first"
		  "\r\n" },
		{ "NOOP\r\n", "* BAD expected a tag and a command\r\n" },
		{ "a LOGIN bob x\r\n",
		  "<LOGIN||bob|x>\r\na NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a LOGIN {3}\r\nbob {1}\r\nx\r\n",
		  "+ go on\r\n+ go on\r\n"
		  "<LOGIN||bob|x>\r\na NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a LOGIN {3+}\r\nbob {1+}\r\nx\r\nb NOOP\r\n",
		  "<LOGIN||bob|x>\r\na NO [AUTHENTICATIONFAILED] no\r\n"
		  "b OK NOOP completed\r\n" },
		{ "a LOGIN bob \"\"\r\n",
		  "<LOGIN||bob|>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a LOGIN {1+}\r\n\377 x\r\n",
		  "<LOGIN||\377|x>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a LOGIN x {4294967295}\r\nb NOOP\r\n",
		  "a NO [LIMIT] literal is too big\r\n"
		  "b OK NOOP completed\r\n" },
		{ "a LOGIN x {4097+}\r\nb NOOP\r\n",
		  "* BYE [TOOBIG] literal is too big\r\n<over>" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n", "<over>" },
		{ "\x16\x03\x01", "<over>" },
		{ "a NOOP\r\nGET / HTTP/1.1\r\n",
		  "a OK NOOP completed\r\nGET BAD unknown command, or one that "
		  "needs a log-in first\r\n" },
	};

	(void)state;
	assert_plays(&inside_tls, HELLO, cases, COUNT(cases), 65);
}

static void test_sasl(void **state)
{
	static const struct transcript cases[] = {
		{ "a AUTHENTICATE PLAIN AGJvYgB4\r\n",
		  "<PLAIN||bob|x>\r\na NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE plain\r\nAGJvYgB4\r\nb NOOP\r\n",
		  "+ \r\n<PLAIN||bob|x>\r\na NO [AUTHENTICATIONFAILED] no\r\n"
		  "b OK NOOP completed\r\n" },
		{ "a AUTHENTICATE PLAIN ZXZlAGJvYgB4\r\n",
		  "<PLAIN|eve|bob|x>\r\na NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE PLAIN =\r\n",
		  "<PLAIN|>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE PLAIN\r\n\r\n",
		  "+ \r\n<PLAIN|>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE PLAIN x\r\nb NOOP\r\n",
		  "a BAD that is not base64\r\nb OK NOOP completed\r\n" },
		{ "a AUTHENTICATE PLAIN\r\n%%\r\nb NOOP\r\n",
		  "+ \r\na BAD that is not base64\r\n"
		  "b OK NOOP completed\r\n" },
		{ "a AUTHENTICATE PLAIN\r\n*\r\nb NOOP\r\n",
		  "+ \r\na BAD AUTHENTICATE cancelled\r\n"
		  "b OK NOOP completed\r\n" },
		{ "a AUTHENTICATE LOGIN\r\nYm9i\r\n",
		  "+ VXNlcm5hbWU6\r\n<LOGIN|bob>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE LOGIN bW9yZQ==\r\neA==\r\n",
		  "<LOGIN|more>\r\n+ YW5kPw==\r\n<LOGIN+x>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE SCRAM-SHA-256 bW9yZQ==\r\nbW9yZQ==\r\n\r\n",
		  "<SCRAM-SHA-256|more>\r\n+ YW5kPw==\r\n"
		  "<SCRAM-SHA-256+more>\r\n+ YW5kPw==\r\n"
		  "<SCRAM-SHA-256+>\r\na NO [AUTHENTICATIONFAILED] no\r\n" },
		{ "a AUTHENTICATE LOGIN bW9yZQ==\r\n*\r\nb NOOP\r\n",
		  "<LOGIN|more>\r\n+ YW5kPw==\r\n"
		  "a BAD AUTHENTICATE cancelled\r\nb OK NOOP completed\r\n" },
		{ "a AUTHENTICATE LOGIN bW9yZQ==\r\n?\r\nb NOOP\r\n",
		  "<LOGIN|more>\r\n+ YW5kPw==\r\n"
		  "a BAD that is not base64\r\nb OK NOOP completed\r\n" },
		{ "a AUTHENTICATE SCRAM-SHA-1\r\n",
		  "a NO [CANNOT] no such mechanism\r\n" },
	};

	(void)state;
	assert_plays(&inside_tls, HELLO, cases, COUNT(cases), 65);
}

static void test_in_clear(void **state)
{
	static const struct transcript cases[] = {
		{ "a CAPABILITY\r\n",
		  "* " CLEAR_CAPA "\r\na OK CAPABILITY completed\r\n" },
		{ "a LOGIN bob x\r\nb NOOP\r\n",
		  "a NO [PRIVACYREQUIRED] start TLS first\r\n"
		  "b OK NOOP completed\r\n" },
		{ "a AUTHENTICATE PLAIN AGJvYgB4\r\n",
		  "a NO [PRIVACYREQUIRED] start TLS first\r\n" },
		{ "a AUTHENTICATE PLAIN\r\nAGJvYgB4\r\n",
		  "a NO [PRIVACYREQUIRED] start TLS first\r\n"
		  "* BAD expected a tag and a command\r\n" },
		{ "a STARTTLS\r\n", "a OK begin TLS now\r\n<TLS>" },
		{ "a starttls\r\n", "a OK begin TLS now\r\n<TLS>" },
		{ "a STARTTLS x\r\n", "a BAD unexpected text at the end\r\n" },
	};

	(void)state;
	assert_plays(&in_clear, CLEAR_HELLO, cases, COUNT(cases), 65);
}

/* What stands behind STARTTLS in the same packet ends the connection. */
static void test_starttls_injection(void **state)
{
	static const char *const cases[] = {
		"a STARTTLS\r\nb NOOP\r\n",
		"a STARTTLS\r\nb",
		"a STARTTLS\r\n\r\n",
		"a STARTTLS\n\n",
		"a STARTTLS\r\na STARTTLS\r\n",
		"a STARTTLS\r\nb LOGIN bob x\r\n",
		"a STARTTLS\r\nb LOGIN {3}\r\nbob",
		"a STARTTLS\r\nb AUTHENTICATE PLAIN AGJvYgB4\r\n",
		"a starttls\r\na NOOP\r\n",
		"a NOOP\r\na STARTTLS\r\na NOOP\r\n",
		"a STARTTLS\r\n\x16\x03\x01",
		"a STARTTLS\r\n*",
		"a ID NIL\r\na STARTTLS\r\nx ID NIL\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trace t = play(&in_clear, slice_cstr(cases[i]), 4096);
		struct slice text = buf_slice(&t.text);

		assert_true(slice_ends(
			text, S("a BAD bytes behind STARTTLS\r\n"
		                "* BYE bytes behind STARTTLS\r\n<over>")));
		buf_free(&t.text);
	}
}

/* In a literal, STARTTLS is a word like any other. */
static void test_starttls_in_literal(void **state)
{
	static const struct transcript cases[] = {
		{ "a LOGIN {12+}\r\nb STARTTLS\r\n x\r\nc NOOP\r\n",
		  "<LOGIN||b STARTTLS\r\n|x>\r\n"
		  "a NO [AUTHENTICATIONFAILED] no\r\nc OK NOOP completed\r\n" },
	};

	(void)state;
	assert_plays(&trusted,
	             "* OK [" CAPA " STARTTLS AUTH=SCRAM-SHA-256 "
	             "AUTH=PLAIN AUTH=LOGIN] "
	             "mail.example.org roost ready\r\n",
	             cases, COUNT(cases), 65);
}

static void test_without_certificate(void **state)
{
	static const struct transcript cases[] = {
		{ "a CAPABILITY\r\n", "* " CAPA " LOGINDISABLED\r\n"
		                      "a OK CAPABILITY completed\r\n" },
		{ "a STARTTLS\r\n", "a BAD TLS is not available\r\n" },
	};

	(void)state;
	assert_plays(&without_certificate,
	             "* OK [" CAPA " LOGINDISABLED] mail.example.org roost "
	             "ready\r\n",
	             cases, COUNT(cases), 65);
}

/* LIMIT_PREAUTH_BAD, LIMIT_LOGIN_FAILURES, LIMIT_PREAUTH_COMMANDS */
static void test_counts(void **state)
{
	static const struct transcript cases[] = {
		{ "a X\r\nb X\r\n",
		  "a BAD unknown command, or one that needs a log-in first\r\n"
		  "b BAD unknown command, or one that needs a log-in first"
		  "\r\n" },
		{ "a X\r\nb X\r\nc X\r\nd X\r\n",
		  "a BAD unknown command, or one that needs a log-in first\r\n"
		  "b BAD unknown command, or one that needs a log-in first\r\n"
		  "c BAD unknown command, or one that needs a log-in first\r\n"
		  "* BYE too many bad commands\r\n<over>" },
		{ "a LOGIN b c\r\na LOGIN b c\r\na LOGIN b c\r\na NOOP\r\n",
		  "<LOGIN||b|c>\r\na NO [AUTHENTICATIONFAILED] no\r\n"
		  "<LOGIN||b|c>\r\na NO [AUTHENTICATIONFAILED] no\r\n"
		  "<LOGIN||b|c>\r\na NO [AUTHENTICATIONFAILED] no\r\n"
		  "* BYE too many failed log-ins\r\n<over>" },
	};
	struct buf in = { 0 };
	struct trace t;

	(void)state;
	assert_plays(&inside_tls, HELLO, cases, COUNT(cases), 65);
	for (int i = 0; i < LIMIT_PREAUTH_COMMANDS; i++)
		buf_add(&in, S("a NOOP\r\n"));
	t = play(&inside_tls, buf_slice(&in), 4096);
	assert_int_equal(t.last, PREAUTH_INPUT);
	buf_free(&t.text);
	buf_add(&in, S("a NOOP\r\n"));
	t = play(&inside_tls, buf_slice(&in), 4096);
	assert_int_equal(t.last, PREAUTH_OVER);
	buf_free(&t.text);
	buf_free(&in);
}

static struct trace play_run(const char *head, char c, size_t n,
                             const char *tail, size_t chunk)
{
	struct buf in = { 0 };
	struct trace t;

	buf_add(&in, slice_cstr(head));
	memset(buf_room(&in, n), c, n);
	in.len += n;
	buf_add(&in, slice_cstr(tail));
	t = play(&inside_tls, buf_slice(&in), chunk);
	buf_free(&in);
	return t;
}

/* An over-long line is one BAD; then the parser is in step again. */
static void test_long_lines(void **state)
{
	static const struct {
		const char *head;
		size_t n;
		const char *tail;
		const char *out;
	} cases[] = {
		{ "a NOOP ", LIMIT_PREAUTH_LINE, "\r\nb NOOP\r\n",
		  HELLO "a BAD line is too long\r\nb OK NOOP completed\r\n" },
		{ "a NOOP ", 30000, "\r\nb NOOP\r\n",
		  HELLO "a BAD line is too long\r\nb OK NOOP completed\r\n" },
		{ "", 30000, "\r\nb NOOP\r\n",
		  HELLO "* BAD line is too long\r\nb OK NOOP completed\r\n" },
		{ "a LOGIN {1+}\r\nx ", 30000, "\r\nb NOOP\r\n",
		  HELLO "a BAD line is too long\r\nb OK NOOP completed\r\n" },
		{ "a AUTHENTICATE PLAIN\r\n", LIMIT_SASL_LINE + 1,
		  "\r\nb NOOP\r\n",
		  HELLO "+ \r\na BAD response is too long\r\n"
		        "b OK NOOP completed\r\n" },
		{ "a ID ", 1000000, "\r\nb NOOP\r\n",
		  HELLO "a BAD line is too long\r\n"
		        "* BYE too much before the log-in\r\n<over>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const size_t chunks[] = { 1, 7, 1024, 4096 };

		for (size_t c = 0; c < COUNT(chunks); c++) {
			struct trace t =
				play_run(cases[i].head, '(', cases[i].n,
			                 cases[i].tail, chunks[c]);

			buf_byte(&t.text, '\0');
			assert_string_equal(t.text.data, cases[i].out);
			buf_free(&t.text);
		}
	}
}

/* The longest response there may be is decoded. */
static void test_longest_response(void **state)
{
	struct trace t = play_run("a AUTHENTICATE PLAIN\r\n", 'A',
	                          LIMIT_SASL_LINE, "\r\n", 4096);

	(void)state;
	assert_true(slice_ends(buf_slice(&t.text),
	                       S(">\r\n"
	                         "a NO [AUTHENTICATIONFAILED] no\r\n")));
	buf_free(&t.text);
}

static void feed(struct preauth *p, struct slice in)
{
	size_t size;
	char *room = preauth_room(p, &size);

	assert_true(in.len <= size);
	memcpy(room, in.ptr, in.len);
	preauth_took(p, in.len);
}

/* What is pipelined behind the log-in is for the mail process. */
static void test_handed_over(void **state)
{
	struct preauth *p = preauth_new(&inside_tls, false);

	(void)state;
	feed(p, S("i ID (\"name\" \"a\\\"b\\\\c\" \"os\" NIL \"Version\" \"2\" "
	          "\"vendor\" \"x\")\r\n"
	          "a1 LOGIN bob x\r\na2 SELECT INBOX\r\na3 LOG"));
	assert_int_equal(preauth_next(p), PREAUTH_VERIFY);
	assert_true(slice_eq(preauth_tag(p), S("a1")));
	assert_true(slice_eq(preauth_rest(p), S("a2 SELECT INBOX\r\na3 LOG")));
	assert_true(slice_eq(preauth_client_id(p), S("a\"b\\c 2 vendor=x")));
	preauth_free(p);
}

static void test_refusals(void **state)
{
	static const struct {
		enum err_code code;
		const char *text;
		const char *out;
	} cases[] = {
		{ ERR_AUTHENTICATIONFAILED, "wrong",
		  "a NO [AUTHENTICATIONFAILED] wrong\r\n" },
		{ ERR_AUTHORIZATIONFAILED, "may not",
		  "a NO [AUTHORIZATIONFAILED] may not\r\n" },
		{ ERR_CONTACTADMIN, "ask", "a NO [CONTACTADMIN] ask\r\n" },
		{ ERR_EXPIRED, "old", "a NO [EXPIRED] old\r\n" },
		{ ERR_UNAVAILABLE, "later", "a NO [UNAVAILABLE] later\r\n" },
		{ ERR_IO, "later", "a NO [UNAVAILABLE] later\r\n" },
		{ ERR_LIMIT, "", "a NO [LIMIT] log-in failed\r\n" },
		{ ERR_EXPIRED, "x\r\n* BYE",
		  "a NO [EXPIRED] log-in failed"
		  "\r\n" },
		{ 255, "x", "a NO [UNAVAILABLE] x\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct preauth *p = preauth_new(&inside_tls, false);

		feed(p, S("a LOGIN bob x\r\n"));
		assert_int_equal(preauth_next(p), PREAUTH_VERIFY);
		preauth_refuse(p, cases[i].code, slice_cstr(cases[i].text));
		assert_true(slice_eq(buf_slice(preauth_out(p)),
		                     slice_cstr(cases[i].out)));
		preauth_free(p);
	}
}

static void test_hidden(void **state)
{
	static const struct {
		const char *names;
		const char *announced;
	} cases[] = {
		{ "", CAPA },
		{ "ID", "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- SASL-IR "
		        "ENABLE" },
		{ "IMAP4rev1 I D IDX SASL-IR LITERAL- UIDONLY id", CAPA },
		{ "UIDONLY IMAP4rev2 MOVE LITERAL+ ID ENABLE",
		  "CAPABILITY IMAP4rev1 SASL-IR" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct preauth_options options = in_clear;
		struct preauth *p;
		char greeting[200];

		options.hidden = preauth_hidden(slice_cstr(cases[i].names));
		p = preauth_new(&options, true);
		snprintf(greeting, sizeof greeting,
		         "* OK [%s STARTTLS LOGINDISABLED] ",
		         cases[i].announced);
		assert_true(slice_starts(buf_slice(preauth_out(p)),
		                         slice_cstr(greeting)));
		preauth_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside_tls),
		cmocka_unit_test(test_sasl),
		cmocka_unit_test(test_in_clear),
		cmocka_unit_test(test_starttls_injection),
		cmocka_unit_test(test_starttls_in_literal),
		cmocka_unit_test(test_without_certificate),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_longest_response),
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
