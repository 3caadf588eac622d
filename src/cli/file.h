/*
 * file.h -- files as slices, names of a directory as a sorted list.
 *
 * A symbolic link is followed when at_fd is AT_FDCWD, the path being what a
 * person named; below an open directory it is not: whoever owns the mail
 * imported must not choose what else root reads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* A descriptor, or -1 with errno. */
int directory_open(int at_fd, const char *name);

/* The names in a directory are on stable storage. False with errno. */
bool directory_sync(const char *path);

/* A file mapped for reading. */
struct mapped {
	struct slice bytes;
};

/* False with errno. */
bool file_map(int at_fd, const char *name, struct mapped *out);
void file_unmap(struct mapped *);

/* A directory's names without "." and "..", sorted bytewise. */
struct names {
	char **v;
	size_t n;
};

bool names_read(int directory_fd, struct names *out);
void names_free(struct names *);
