/* edge.h -- foreign bytes placed right before an unreadable page. */
#pragma once

#include <string.h>
#include <sys/mman.h>

#include "base/slice.h"

enum { EDGE_PAGE = 4096, EDGE_PAGES = 16 };

/* One byte too far and the program ends. Never unmapped: tests are short. */
static inline struct slice edge_of(struct slice s)
{
	size_t size = EDGE_PAGES * EDGE_PAGE;
	char *at = mmap(NULL, size + EDGE_PAGE, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = at + size;

	mprotect(edge, EDGE_PAGE, PROT_NONE);
	memcpy(edge - s.len, s.ptr, s.len);
	return slice_of(edge - s.len, s.len);
}

#define EDGE(literal) edge_of(S(literal))
