/*
 * fault_memory.c -- there is no memory when a test says so (fault.h).
 *
 * Put before a server with LD_PRELOAD, together with fault_sockets.c, which
 * knows the process's name. glibc has its own allocator under other names
 * too. Of maps only those of files: the allocator's are its own.
 */
#include "fault.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static bool fails(void)
{
	return fault_at(CALL_ALLOCATE) != FAULT_PASSES;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, all);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	void *p = fails() ? NULL : __libc_memalign(align, size);

	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

void *aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

void *mmap(void *p, size_t size, int prot, int flags, int fd, off_t at)
{
	if (fd >= 0 && fault_at(CALL_MAP) != FAULT_PASSES)
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, p, size, prot, flags, fd, at);
}
