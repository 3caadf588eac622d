/* arena.c -- a list of blocks, newest first; a bump pointer in the newest. */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	FIRST_BLOCK = 2048,
	MOST_BLOCK = 256 * 1024,
	ALIGN = 16,
};

struct block {
	struct block *next;
	size_t size; /* usable bytes in data */
	size_t used;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct block *newest;
	size_t total; /* bytes handed out since the last reset */
	size_t limit;
};

static struct block *block_new(size_t size, struct block *next)
{
	struct block *b = mem_resize(NULL, 1, sizeof *b + size);

	b->next = next;
	b->size = size;
	b->used = 0;
	return b;
}

static void blocks_free(struct block *b)
{
	while (b != NULL) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

struct arena *arena_new(size_t limit_bytes)
{
	struct arena *a = mem_new(1, sizeof *a);

	a->limit = limit_bytes;
	return a;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	blocks_free(a->newest);
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *keep = a->newest;

	a->total = 0;
	if (keep == NULL)
		return;
	blocks_free(keep->next);
	keep->next = NULL;
	keep->used = 0;
	if (keep->size > FIRST_BLOCK) {
		free(keep);
		a->newest = NULL;
	}
}

static void grow(struct arena *a, size_t size)
{
	size_t want = a->newest != NULL ? a->newest->size * 2 : FIRST_BLOCK;

	if (want > MOST_BLOCK)
		want = MOST_BLOCK;
	a->newest = block_new(size > want ? size : want, a->newest);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b;
	void *p;

	assert(size <= SIZE_MAX / 2);
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (a->newest == NULL || a->newest->size - a->newest->used < size)
		grow(a, size);
	b = a->newest;
	p = b->data + b->used;
	b->used += size;
	a->total += size;
	return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_alloc(a, bytes);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len);

	if (s.len != 0)
		memcpy(p, s.ptr, s.len);
	return slice_of(p, s.len);
}

struct slice arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	assert(n >= 0);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, format);
	vsnprintf(p, (size_t)n + 1, format, ap);
	va_end(ap);
	return slice_of(p, (size_t)n);
}

size_t arena_room(const struct arena *a)
{
	return a->total < a->limit ? a->limit - a->total : 0;
}

bool arena_is_full(const struct arena *a)
{
	return a->total > a->limit;
}
