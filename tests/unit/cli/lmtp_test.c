/*
 * lmtp_test.c -- the LMTP client against a server that plays a script.
 *
 * The server is a child process: it sends all its replies at once, then
 * takes what the client says and gives it back through a pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/lmtp.h"

struct outcome {
	struct err e;
	struct lmtp_reply reply;
	char sent[8192];
};

static void play(int fd, const char *replies, int to)
{
	char got[4096];
	ssize_t n;

	if (write(fd, replies, strlen(replies)) < 0)
		_exit(1);
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, got, sizeof got)) > 0)
		if (write(to, got, (size_t)n) < 0)
			_exit(1);
	_exit(0);
}

static FILE *file_of(const char *text)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	fputs(text, file);
	rewind(file);
	return file;
}

static void read_all(int fd, char *to, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, to + len, size - 1 - len)) > 0)
		len += (size_t)n;
	to[len] = 0;
}

static void deliver(const char *replies, const char *message,
                    struct outcome *out)
{
	FILE *in = file_of(message);
	int pair[2];
	int tube[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(pipe(tube), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		close(tube[0]);
		play(pair[1], replies, tube[1]);
	}
	close(pair[1]);
	close(tube[1]);
	out->e = lmtp_deliver(pair[0], S("a@example.net"), S("b@example.org"),
	                      in, &out->reply);
	read_all(tube[0], out->sent, sizeof out->sent);
	close(tube[0]);
	fclose(in);
	waitpid(pid, NULL, 0);
}

#define GREETING "220 here\r\n250-here\r\n250-SIZE\r\n250 8BITMIME\r\n"
#define ENVELOPE                                      \
	"LHLO localhost\r\n"                          \
	"MAIL FROM:<a@example.net> BODY=8BITMIME\r\n" \
	"RCPT TO:<b@example.org>\r\n"                 \
	"DATA\r\n"
#define TAKEN \
	GREETING "250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 kept\r\n221 bye\r\n"

static void messages(void **state)
{
	static const struct {
		const char *message;
		const char *sent;
	} rows[] = {
		{ "A: 1\n\nx\n", "A: 1\r\n\r\nx\r\n.\r\n" },
		{ "A: 1\r\n\r\nx\r\n", "A: 1\r\n\r\nx\r\n.\r\n" },
		{ "no end", "no end\r\n.\r\n" },
		{ "", ".\r\n" },
		{ ".\n..\nx.y\n", "..\r\n...\r\nx.y\r\n.\r\n" },
		{ ".", "..\r\n.\r\n" },
		{ "From x Sat Nov 21 04:30:00 2026\nA: 1\n", "A: 1\r\n.\r\n" },
		{ "From: x\n", "From: x\r\n.\r\n" },
		{ "From", "From\r\n.\r\n" },
		{ "From x", ".\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct outcome out;
		char want[512];

		deliver(TAKEN, rows[i].message, &out);
		assert_int_equal(out.e.code, ERR_OK);
		assert_int_equal(out.reply.code, 250);
		assert_string_equal(out.reply.text, "2.0.0 kept");
		snprintf(want, sizeof want, ENVELOPE "%sQUIT\r\n",
		         rows[i].sent);
		assert_string_equal(out.sent, want);
	}
}

/* The reply that ends the dialogue decides, and nothing is sent behind it. */
static void refusals(void **state)
{
	static const struct {
		const char *replies;
		enum err_code e;
		int code;
		const char *text;
	} rows[] = {
		{ "421 4.3.2 too busy\r\n", ERR_OK, 421, "4.3.2 too busy" },
		{ GREETING "250 ok\r\n550 5.1.1 no such user\r\n", ERR_OK, 550,
		  "5.1.1 no such user" },
		{ GREETING "250 ok\r\n250 ok\r\n354 go\r\n"
		           "452-4.2.2 over\r\n452 4.2.2 quota\r\n",
		  ERR_OK, 452, "4.2.2 quota" },
		{ "", ERR_CLOSED, 0, "" },
		{ "220 here\r\n250-half", ERR_CLOSED, 250, "half" },
		{ "HTTP/1.1 400 what?\r\n", ERR_IO, 0, "" },
		{ "\r\n", ERR_IO, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct outcome out;

		deliver(rows[i].replies, "A: 1\n\nx\n", &out);
		assert_int_equal(out.e.code, rows[i].e);
		assert_int_equal(out.reply.code, rows[i].code);
		assert_string_equal(out.reply.text, rows[i].text);
		assert_null(strstr(out.sent, "QUIT"));
	}
}

static void recipients(void **state)
{
	static const struct {
		const char *user;
		const char *mailbox;
		const char *want;
	} rows[] = {
		{ "ann@example.org", "", "ann@example.org" },
		{ "ann@example.org", "Lists", "ann+Lists@example.org" },
		{ "ann@example.org", "Lists/a.b", "ann+Lists/a.b@example.org" },
		{ "ann@example.org", "My Box", "\"ann+My Box\"@example.org" },
		{ "ann@example.org", "a\"b\\",
		  "\"ann+a\\\"b\\\\\"@example.org" },
		{ "ann@example.org", "x.", "\"ann+x.\"@example.org" },
		{ "a..b@example.org", "", "\"a..b\"@example.org" },
		{ "J\xc3\xb6rg@example.org", "", "J\xc3\xb6rg@example.org" },
		{ "root", "", "root" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out = { 0 };

		lmtp_recipient(slice_cstr(rows[i].user),
		               slice_cstr(rows[i].mailbox), &out);
		buf_byte(&out, '\0');
		assert_string_equal(out.data, rows[i].want);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(refusals),
		cmocka_unit_test(recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
