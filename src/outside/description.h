/*
 * description.h -- the file that describes a source: NAME = VALUE, a line
 * each, "#" before a comment. It has passwords in it.
 */
#pragma once

#include <stddef.h>

struct description_option {
	const char *name;
	size_t offset; /* of a char * in what is filled */
};

/*
 * Fills the fields that are set; each is the caller's to free, also when
 * something is wrong. Takes fd over. NULL, or what is wrong: the caller's, too.
 */
char *description_read(int fd, const struct description_option *, size_t n,
                       void *out);
