/*
 * arena.h -- memory that lives as long as one command (or one session).
 *
 * arena_alloc() never fails: what a command may use is bounded by what the
 * framer let in, and whoever loops over foreign data asks arena_is_full()
 * and ends the command with ERR_LIMIT. The limit is thus a mark, not a
 * wall; it is passed by at most what one parsed line needs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct arena;

struct arena *arena_new(size_t limit_bytes);
void arena_free(struct arena *);

/* Forgets everything allocated; keeps one small block for the next use. */
void arena_reset(struct arena *);

/* Zeroed, aligned for any type; valid until reset or free. */
void *arena_alloc(struct arena *, size_t size);

/* The same for an array; the product is checked. */
void *arena_array(struct arena *, size_t count, size_t size);

/* A copy in the arena. */
struct slice arena_copy(struct arena *, struct slice);

/* Formatted text in the arena. */
struct slice arena_printf(struct arena *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Bytes below the limit. */
size_t arena_room(const struct arena *);
bool arena_is_full(const struct arena *);
