/*
 * readfs.c -- reading the files that recordfs.c knows, which may fail.
 */
#undef _FILE_OFFSET_BITS
#define _LARGEFILE64_SOURCE
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recordfs.h"

bool part_take(struct part *p, enum fault_call call)
{
	enum fault_way way = fault_at(call);

	p->lost = way == FAULT_LOSES;
	if (way != FAULT_HALVES)
		return way != FAULT_FAILS;
	if (p->n > 1) {
		p->n /= 2;
	} else {
		p->half = (struct iovec){ p->v->iov_base,
			                  (p->v->iov_len + 1) / 2 };
		p->v = &p->half;
	}
	return true;
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
	struct part p = { v, n, { 0 }, false };

	if (record_knows(fd) && !part_take(&p, CALL_READ))
		return -1;
	return syscall(SYS_readv, fd, p.v, p.n);
}

ssize_t read(int fd, void *to, size_t size)
{
	struct iovec v = { to, size };

	return readv(fd, &v, 1);
}

ssize_t preadv64(int fd, const struct iovec *v, int n, off64_t at)
{
	struct part p = { v, n, { 0 }, false };

	if (record_knows(fd) && !part_take(&p, CALL_READ))
		return -1;
	return syscall(SYS_preadv, fd, p.v, p.n, at, 0);
}

ssize_t preadv(int fd, const struct iovec *v, int n, off_t at)
{
	return preadv64(fd, v, n, at);
}

ssize_t pread64(int fd, void *to, size_t size, off64_t at)
{
	struct iovec v = { to, size };

	return preadv64(fd, &v, 1, at);
}

ssize_t pread(int fd, void *to, size_t size, off_t at)
{
	return pread64(fd, to, size, at);
}

/* Memory has nothing to wait for, but refuses RWF_NOWAIT; without this every
 * read would be left to another thread. */
ssize_t preadv64v2(int fd, const struct iovec *v, int n, off64_t at, int flags)
{
	(void)flags;
	return preadv64(fd, v, n, at);
}

ssize_t preadv2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	return preadv64v2(fd, v, n, at, flags);
}

/* What read and pread are called where the buffer's size is known. */
ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
	(void)room;
	return read(fd, to, size);
}

ssize_t __pread_chk(int fd, void *to, size_t size, off_t at, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t size, off_t at, size_t room)
{
	(void)room;
	return pread64(fd, to, size, at);
}

ssize_t __pread64_chk(int fd, void *to, size_t size, off64_t at, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t size, off64_t at, size_t room)
{
	(void)room;
	return pread64(fd, to, size, at);
}
