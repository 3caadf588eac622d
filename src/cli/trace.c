/* trace.c -- roost trace: what a client and the server say to each other. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/fail.h"
#include "cli/server.h"
#include "ipc/protocol.h"

/* Until the server ends it; with --for, alarm(2) ends us before. */
static int print_lines(struct control *mail, const char *user)
{
	struct frame_in in;
	struct err e;

	while (is_ok(e = control_receive(mail, &in)) && in.type == FRAME_ROW) {
		uint32_t n = read_u32(&in.r);
		struct slice line = frame_read_slice(&in, LIMIT_FRAME);

		if (n != 1 || !frame_is_whole(&in))
			return fail(EX_PROTOCOL, "%s: a bad answer", user);
		fwrite(line.ptr, 1, line.len, stdout);
		putchar('\n');
		if (fflush(stdout) != 0)
			return fail(EX_IOERR,
			            "standard output can't be written");
	}
	if (is_ok(e))
		e = control_done(mail, &in);
	return fail_err(e, user);
}

static bool take_seconds(const char *text, unsigned *seconds)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	*seconds = (unsigned)n;
	return errno == 0 && *end == '\0' && n != 0 && n <= 86400;
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
	_exit(EX_OK);
}

int run_trace(const struct call *c)
{
	const char *most = call_value(c, "for");
	struct frame_out f = { 0 };
	struct control mail;
	unsigned seconds = 0;
	struct err e;
	int status;

	if (most != NULL && !take_seconds(most, &seconds))
		return fail(EX_USAGE, "--for: 1 to 86400 seconds");
	status = server_open_account(c, c->args[0], &mail);
	if (status != EX_OK)
		return status;
	frame_begin(&f, FRAME_TRACE);
	frame_u8(&f, call_value(c, "text") != NULL);
	e = control_send(&mail, &f);
	signal(SIGALRM, on_alarm);
	alarm(seconds);
	status = is_ok(e) ? print_lines(&mail, c->args[0])
	                  : fail_err(e, c->args[0]);
	control_close(&mail);
	return status;
}
