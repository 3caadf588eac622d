/*
 * edge.h -- bytes that end right before a page nobody may read, so that a
 * parser that looks one byte too far ends the test.
 */
#pragma once

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/slice.h"

struct edge {
	char *map;
	size_t size; /* readable */
	struct slice text;
};

static inline struct edge edge_new(struct slice text)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct edge e = { .size = (text.len / page + 1) * page };

	e.map = mmap(NULL, e.size + page, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(e.map != MAP_FAILED);
	mprotect(e.map + e.size, page, PROT_NONE);
	e.text = slice_of(e.map + e.size - text.len, text.len);
	if (text.len != 0)
		memcpy(e.map + e.size - text.len, text.ptr, text.len);
	return e;
}

static inline void edge_free(struct edge *e)
{
	munmap(e->map, e->size + (size_t)sysconf(_SC_PAGESIZE));
}

/* Never unmapped: for tests of a few, which end soon. */
static inline struct slice edge_of(struct slice text)
{
	return edge_new(text).text;
}
