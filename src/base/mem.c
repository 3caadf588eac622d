/* mem.c -- malloc whose failure ends the process. */
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
	if (p == NULL) {
		fputs("level=error event=out_of_memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_new(size_t count, size_t size)
{
	return must(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *mem_resize(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count != 0 ? count : 1, size));
}

void *mem_copy(const void *from, size_t size)
{
	void *p = must(malloc(size != 0 ? size : 1));

	if (size != 0)
		memcpy(p, from, size);
	return p;
}

char *mem_cstr(struct slice s)
{
	char *p = must(malloc(s.len + 1));

	assert(slice_find_byte(s, '\0') == SLICE_NONE);
	if (s.len != 0)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return p;
}

void mem_wipe(void *p, size_t size)
{
	if (size != 0)
		explicit_bzero(p, size);
}
