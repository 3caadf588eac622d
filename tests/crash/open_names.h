/*
 * open_names.h -- all the names that open() has in the C library.
 *
 * For what stands before it, included once, behind the definition of
 *
 *	int do_open(int at, const char *path, int flags, mode_t mode);
 *
 * The plain and the 64-bit names are symbols of their own, and so are those
 * that _FORTIFY_SOURCE calls.
 */
#pragma once

#include <fcntl.h>
#include <stdarg.h>

static mode_t mode_of(int flags, va_list ap)
{
	if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE)
		return va_arg(ap, mode_t);
	return 0;
}

#define OPEN(name)                                           \
	int name(const char *path, int flags, ...)           \
	{                                                    \
		va_list ap;                                  \
		va_start(ap, flags);                         \
		mode_t mode = mode_of(flags, ap);            \
		va_end(ap);                                  \
		return do_open(AT_FDCWD, path, flags, mode); \
	}
#define OPENAT(name)                                       \
	int name(int at, const char *path, int flags, ...) \
	{                                                  \
		va_list ap;                                \
		va_start(ap, flags);                       \
		mode_t mode = mode_of(flags, ap);          \
		va_end(ap);                                \
		return do_open(at, path, flags, mode);     \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

int __openat_2(int at, const char *path, int flags);
int __openat_2(int at, const char *path, int flags)
{
	return do_open(at, path, flags, 0);
}

int __openat64_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags)
{
	return do_open(at, path, flags, 0);
}
