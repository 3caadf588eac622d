/*
 * fail.h -- how the command says that something went wrong.
 *
 * One line on standard error, one exit status of sysexits.h.
 */
#pragma once

#include "base/err.h"

/* Prints "roost: ..." and returns status, for `return fail(...)`. */
int fail(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for an error: "roost: WHAT: its text", with its status. */
int fail_err(struct err, const char *what);

/* Prints "roost: warning: ...". */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
