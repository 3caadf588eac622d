/* secret.h -- a password or token from a person or a pipe, never from argv. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum secret_kind { SECRET_KNOWN, SECRET_NEW, SECRET_TOKEN };

/*
 * On a terminal: asks (twice, when it is a new one) without echo. Else: the
 * first line of standard input. A signal at the terminal (^C) does what it
 * does, with the echo back on. The caller wipes and frees out->ptr.
 * ERR_SYNTAX: empty, too long, a NUL in it, or not the same twice.
 */
struct err secret_read(const char *prompt, enum secret_kind, struct slice *out);
