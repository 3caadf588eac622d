/*
 * faultfs.c -- see faultfs.h.
 *
 * Which descriptors are files below the directory is noted when they are
 * opened; a descriptor that came another way is never counted. The plain and
 * the 64-bit names of a call are two symbols, and both are ours.
 */
#undef _FILE_OFFSET_BITS
#define _LARGEFILE64_SOURCE
#include "faultfs.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 65536 };

static struct {
	struct fault_state *state;
	bool inside[FDS];
} self;

#define REAL(name, type) ((type)real(#name))

static void *real(const char *name)
{
	void *fn = dlsym(RTLD_NEXT, name);

	if (fn == NULL)
		abort();
	return fn;
}

typedef int open_fn(const char *, int, mode_t);
typedef int openat_fn(int, const char *, int, mode_t);
typedef int close_fn(int);
typedef int fd_fn(int);
typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t writev_fn(int, const struct iovec *, int);
typedef ssize_t pwrite_fn(int, const void *, size_t, off64_t);
typedef ssize_t pwritev_fn(int, const struct iovec *, int, off64_t);
typedef int truncate_fn(int, off64_t);
typedef int rename_fn(const char *, const char *);
typedef int renameat_fn(int, const char *, int, const char *);
typedef int msync_fn(void *, size_t, int);

static struct fault_state *map_state(void)
{
	const char *path = getenv("FAULTFS_STATE");
	int flags = path != NULL ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS;
	int fd = path != NULL ? REAL(open, open_fn *)(path, O_RDWR, 0) : -1;
	void *p = mmap(NULL, sizeof(struct fault_state), PROT_READ | PROT_WRITE,
	               flags, fd, 0);

	if (p == MAP_FAILED)
		abort();
	if (fd >= 0)
		REAL(close, close_fn *)(fd);
	return p;
}

/* Before main, and so before any thread. */
__attribute__((constructor)) static void begin(void)
{
	if (self.state == NULL)
		self.state = map_state();
}

struct fault_state *faultfs_state(void)
{
	begin();
	return self.state;
}

/* Counts; true when this operation is one to fail. */
static bool fails(void)
{
	struct fault_state *s = faultfs_state();
	uint64_t n = __atomic_add_fetch(&s->count, 1, __ATOMIC_SEQ_CST);

	if (s->kind == FAULT_NONE || s->at == 0 || n < s->at ||
	    (n > s->at && !s->forever))
		return false;
	__atomic_add_fetch(&s->failed, 1, __ATOMIC_SEQ_CST);
	errno = s->kind == FAULT_ENOSPC ? ENOSPC : EIO;
	return true;
}

static bool is_short(void)
{
	return faultfs_state()->kind == FAULT_SHORT;
}

static bool path_inside(int at, const char *path)
{
	const char *dir = faultfs_state()->dir;
	size_t len = strlen(dir);

	if (len == 0)
		return false;
	if (path[0] != '/' && at != AT_FDCWD)
		return at >= 0 && at < FDS && self.inside[at];
	return !strncmp(path, dir, len) &&
	       (path[len] == '/' || path[len] == '\0');
}

static bool fd_inside(int fd)
{
	return fd >= 0 && fd < FDS && self.inside[fd];
}

/* -- opening -- */

static int opened(int fd, bool inside)
{
	if (fd >= 0 && fd < FDS)
		self.inside[fd] = inside;
	return fd;
}

static int do_open(int at, const char *path, int flags, mode_t mode)
{
	bool inside = path_inside(at, path);

	if (inside && fails())
		return -1;
	return opened(REAL(openat64, openat_fn *)(at, path, flags | O_LARGEFILE,
	                                          mode),
	              inside);
}

#include "open_names.h"

int close(int fd)
{
	opened(fd, false);
	return REAL(close, close_fn *)(fd);
}

/* -- writing -- */

ssize_t write(int fd, const void *data, size_t n)
{
	if (fd_inside(fd) && fails()) {
		if (!is_short())
			return -1;
		n /= 2;
	}
	return REAL(write, write_fn *)(fd, data, n);
}

static ssize_t do_pwrite(int fd, const void *data, size_t n, off64_t at)
{
	if (fd_inside(fd) && fails()) {
		if (!is_short())
			return -1;
		n /= 2;
	}
	return REAL(pwrite64, pwrite_fn *)(fd, data, n, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	return do_pwrite(fd, data, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	return do_pwrite(fd, data, n, at);
}

/* A short one writes half of the pieces, or half of the only one. */
static ssize_t do_pwritev(int fd, const struct iovec *v, int n, off64_t at)
{
	if (fd_inside(fd) && fails()) {
		if (!is_short())
			return -1;
		if (n == 1)
			return REAL(pwrite64, pwrite_fn *)(fd, v->iov_base,
			                                   v->iov_len / 2, at);
		n /= 2;
	}
	return REAL(pwritev64, pwritev_fn *)(fd, v, n, at);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	return do_pwritev(fd, v, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	return do_pwritev(fd, v, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (fd_inside(fd) && fails()) {
		if (!is_short())
			return -1;
		if (n == 1)
			return REAL(write, write_fn *)(fd, v->iov_base,
			                               v->iov_len / 2);
		n /= 2;
	}
	return REAL(writev, writev_fn *)(fd, v, n);
}

/* -- the rest -- */

int fsync(int fd)
{
	if (fd_inside(fd) && fails())
		return -1;
	return REAL(fsync, fd_fn *)(fd);
}

int fdatasync(int fd)
{
	if (fd_inside(fd) && fails())
		return -1;
	return REAL(fdatasync, fd_fn *)(fd);
}

int ftruncate(int fd, off_t size)
{
	if (fd_inside(fd) && fails())
		return -1;
	return REAL(ftruncate64, truncate_fn *)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	if (fd_inside(fd) && fails())
		return -1;
	return REAL(ftruncate64, truncate_fn *)(fd, size);
}

int rename(const char *from, const char *to)
{
	if (path_inside(AT_FDCWD, to) && fails())
		return -1;
	return REAL(rename, rename_fn *)(from, to);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	if (path_inside(to_at, to) && fails())
		return -1;
	return REAL(renameat, renameat_fn *)(from_at, from, to_at, to);
}

/* Which file a mapping is of isn't known; none but the directory's are
 * synced this way. */
int msync(void *p, size_t size, int flags)
{
	if (faultfs_state()->dir[0] != '\0' && fails())
		return -1;
	return REAL(msync, msync_fn *)(p, size, flags);
}
