/* secret.c -- reading a line that must not be seen. */
#include "cli/secret.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

enum { LINE = LIMIT_SASL_LINE + 2 }; /* CR and LF */

/* The signal that came while somebody was asked, or 0. */
static volatile sig_atomic_t caught;

/* Up to and without the line end, byte by byte: what follows in a pipe is
 * somebody else's. A NUL counts as part of the line. */
static struct err read_line(char line[LINE], size_t *len)
{
	*len = 0;
	while (*len < LINE) {
		ssize_t n = -1;

		errno = EINTR;
		if (caught == 0)
			n = read(STDIN_FILENO, line + *len, 1);
		if (n < 0)
			return err_errno(errno);
		if (n == 0 || line[*len] == '\n')
			break;
		(*len)++;
	}
	if (*len > 0 && line[*len - 1] == '\r')
		(*len)--;
	return OK;
}

static struct err check_line(struct slice line, enum secret_kind kind)
{
	bool is_token = kind == SECRET_TOKEN;

	if (line.len == 0)
		return err(ERR_SYNTAX, is_token ? "the token is empty"
		                                : "the password is empty");
	if (line.len > (is_token ? LIMIT_SASL_LINE : LIMIT_PASSWORD))
		return err(ERR_SYNTAX, is_token ? "the token is too long"
		                                : "the password is too long");
	if (slice_find_byte(line, '\0') != SLICE_NONE)
		return err(ERR_SYNTAX, "there is a NUL in it");
	return OK;
}

static struct err take_line(enum secret_kind kind, struct slice *out)
{
	char line[LINE];
	size_t len;
	struct err e = read_line(line, &len);

	if (is_ok(e))
		e = check_line(slice_of(line, len), kind);
	if (is_ok(e))
		*out = slice_of(mem_copy(line, len), len);
	mem_wipe(line, sizeof line);
	return e;
}

static void forget(struct slice *secret)
{
	mem_wipe((char *)secret->ptr, secret->len);
	free((char *)secret->ptr);
	*secret = (struct slice){ 0 };
}

static void on_signal(int number)
{
	caught = number;
}

/* Those that a person sends who does not want to answer. */
static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct err take_line_unseen(enum secret_kind kind, struct slice *out)
{
	struct sigaction quiet = { .sa_handler = on_signal };
	struct sigaction old[SIGNALS];
	struct termios with_echo;
	struct termios without;
	struct err e;

	tcgetattr(STDIN_FILENO, &with_echo);
	without = with_echo;
	without.c_lflag &= ~(tcflag_t)ECHO;
	caught = 0;
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &quiet, &old[i]);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &without);
	e = take_line(kind, out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &with_echo);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
	fputc('\n', stderr);
	return e;
}

/* A signal ends the read and does what it does when the echo is back: most
 * end the process; after one that doesn't (^Z and fg) it asks again. */
static struct err ask(const char *prompt, enum secret_kind kind,
                      struct slice *out)
{
	for (;;) {
		struct err e;

		fprintf(stderr, "%s: ", prompt);
		e = take_line_unseen(kind, out);
		if (caught == 0)
			return e;
		if (is_ok(e))
			forget(out);
		raise(caught);
	}
}

struct err secret_read(const char *prompt, enum secret_kind kind,
                       struct slice *out)
{
	struct slice again;
	struct err e;

	if (!isatty(STDIN_FILENO))
		return take_line(kind, out);
	e = ask(prompt, kind, out);
	if (!is_ok(e) || kind != SECRET_NEW)
		return e;
	e = ask("The same again", kind, &again);
	if (!is_ok(e)) {
		forget(out);
		return e;
	}
	if (!slice_eq(*out, again)) {
		forget(out);
		e = err(ERR_SYNTAX, "the two are not the same");
	}
	forget(&again);
	return e;
}
