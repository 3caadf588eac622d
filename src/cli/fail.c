/* fail.c -- errors as a line of text and an exit status. */
#include "cli/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

/* What isn't here is EX_UNAVAILABLE. */
static const int status_of[ERR_CODES] = {
	[ERR_OK] = EX_OK,
	[ERR_SYNTAX] = EX_DATAERR,
	[ERR_NOTNOW] = EX_DATAERR,
	[ERR_NO] = EX_DATAERR,
	[ERR_NONEXISTENT] = EX_NOUSER,
	[ERR_ABSENT] = EX_NOUSER,
	[ERR_ALREADYEXISTS] = EX_CANTCREAT,
	[ERR_CANNOT] = EX_DATAERR,
	[ERR_NOPERM] = EX_NOPERM,
	[ERR_AUTHENTICATIONFAILED] = EX_NOPERM,
	[ERR_TOOBIG] = EX_DATAERR,
	[ERR_LIMIT] = EX_DATAERR,
	[ERR_OVERQUOTA] = EX_CANTCREAT,
	[ERR_UNAVAILABLE] = EX_TEMPFAIL,
	[ERR_INUSE] = EX_TEMPFAIL,
	[ERR_TIMEOUT] = EX_TEMPFAIL,
	[ERR_IO] = EX_IOERR,
	[ERR_NOSPACE] = EX_IOERR,
	[ERR_CORRUPT] = EX_DATAERR,
};

/* 0 of ERR_OK. */
static int exit_status(enum err_code code)
{
	if (code == ERR_OK)
		return EX_OK;
	return status_of[code] != 0 ? status_of[code] : EX_UNAVAILABLE;
}

__attribute__((format(printf, 2, 0))) static void
say(const char *before, const char *format, va_list ap)
{
	fputs(before, stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

int fail(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("roost: ", format, ap);
	va_end(ap);
	return status;
}

void warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("roost: warning: ", format, ap);
	va_end(ap);
}

int fail_err(struct err e, const char *what)
{
	return fail(exit_status(e.code), "%s: %s", what,
	            e.text != NULL ? e.text : "failed");
}
