/*
 * proc.c -- what the kernel says of a process, from descriptors that the
 * parent has opened. When it has ended they say nothing any more.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "metrics/internal.h"

/* As a string; false: nothing. */
static bool read_text(int fd, char *to, size_t size)
{
	ssize_t n = fd >= 0 ? pread(fd, to, size - 1, 0) : -1;

	if (n <= 0)
		return false;
	to[n] = '\0';
	return true;
}

static bool read_memory(int fd, uint64_t *bytes)
{
	char text[256];
	unsigned long long all, resident;

	if (!read_text(fd, text, sizeof text) ||
	    sscanf(text, "%llu %llu", &all, &resident) != 2)
		return false;
	*bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

/* Its name, in parentheses, may have anything in it. */
static bool read_cpu(int fd, double *seconds)
{
	char text[1024];
	const char *end;
	unsigned long long user, system;

	if (!read_text(fd, text, sizeof text) ||
	    (end = strrchr(text, ')')) == NULL ||
	    sscanf(end + 1,
	           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
	           &user, &system) != 2)
		return false;
	*seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	return true;
}

struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

static uint64_t count_piece(const char *piece, long size)
{
	uint64_t n = 0;

	for (long at = 0; at < size;) {
		const struct entry *e = (const struct entry *)(piece + at);

		n += e->name[0] != '.';
		at += e->size;
	}
	return n;
}

/* Newer kernels (6.2) say it at once. */
static uint64_t count_files(int fd)
{
	_Alignas(struct entry) char piece[16384];
	struct stat st;
	uint64_t n = 0;
	long size;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		return (uint64_t)st.st_size;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	while ((size = syscall(SYS_getdents64, fd, piece, sizeof piece)) > 0)
		n += count_piece(piece, size);
	return n;
}

bool proc_read(const struct process *p, struct proc *out)
{
	*out = (struct proc){ 0 };
	if (!read_memory(p->facts[COUNTED_MEMORY], &out->memory_bytes) ||
	    !read_cpu(p->facts[COUNTED_TIME], &out->cpu_s))
		return false;
	out->files = count_files(p->facts[COUNTED_FILES]);
	return true;
}
