/*
 * mem.h -- memory that is never NULL.
 *
 * When the machine has no more memory the process ends with a log line; the
 * parent starts it again and the store is whole.
 * Sizes come in two factors, multiplied with a check.
 */
#pragma once

#include <stddef.h>

#include "base/slice.h"

/* Zeroed; owner frees with free(). */
void *mem_new(size_t count, size_t size);

/* As realloc; what is beyond the old size is not zeroed. */
void *mem_resize(void *old, size_t count, size_t size);

/* A copy that the caller frees; at least one byte is allocated. */
void *mem_copy(const void *from, size_t size);

/* A NUL-terminated copy; the slice holds no NUL (asserted). */
char *mem_cstr(struct slice s);

/* Overwrites secrets in a way that the compiler may not leave out. */
void mem_wipe(void *p, size_t size);
