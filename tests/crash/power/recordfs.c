/*
 * recordfs.c -- see record.h.
 *
 * Each function of the C library that changes a file is defined here under
 * its own name and asks the kernel directly. A file is known by its inode
 * number, which the memory-backed file systems that tests work on never use
 * twice (asserted); a descriptor, by having been opened below the root.
 *
 * Each call on such a file may be made to fail first (fault.h).
 */
#undef _FILE_OFFSET_BITS
#define _LARGEFILE64_SOURCE
#include "recordfs.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 65536, MOST_DIRS = 64 };

struct descriptor {
	uint64_t file; /* 0: not below the root */
	bool synchronous;
	bool appends;
};

static struct {
	struct recording *recording; /* NULL: nobody records */
	struct descriptor fds[FDS];
	uint64_t dirs[MOST_DIRS];
	size_t n_dirs;
	uint32_t sync_us;
} self;

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "recorder: %s\n", what);
	abort();
}

/* -- adding to the recording -- */

/* The lock is held. */
static uint32_t add(struct record_event e)
{
	struct recording *r = self.recording;

	must(r->n < RECORDING_EVENTS, "too many events");
	r->events[r->n] = e;
	return r->n++;
}

static uint32_t add_bytes(struct record_event e, const struct iovec *v, int n,
                          size_t len)
{
	struct recording *r = self.recording;
	char *to = recording_data(r) + r->used;

	must(len <= RECORDING_BYTES - r->used, "too many bytes");
	e.data = r->used;
	e.len = len;
	r->used += len;
	for (int i = 0; i < n && len > 0; i++) {
		size_t part = v[i].iov_len < len ? v[i].iov_len : len;

		memcpy(to, v[i].iov_base, part);
		to += part;
		len -= part;
	}
	return add(e);
}

static bool lock(void)
{
	if (self.recording == NULL)
		return false;
	pthread_mutex_lock(&self.recording->lock);
	return true;
}

static void unlock(bool locked)
{
	int error = errno;

	if (locked)
		pthread_mutex_unlock(&self.recording->lock);
	errno = error;
}

void record_mark(enum record_kind kind, uint64_t chain, struct slice text)
{
	struct iovec v = { (void *)(uintptr_t)text.ptr, text.len };
	bool locked = lock();

	if (locked)
		add_bytes((struct record_event){ .kind = kind, .file = chain },
		          &v, 1, text.len);
	unlock(locked);
}

/* -- which files -- */

static bool is_dir_inside(uint64_t file)
{
	for (size_t i = 0; i < self.n_dirs; i++)
		if (self.dirs[i] == file)
			return true;
	return false;
}

static void add_dir(uint64_t file)
{
	must(self.n_dirs < MOST_DIRS, "too many directories");
	self.dirs[self.n_dirs++] = file;
}

static int find_dir(const char *path, const struct stat *st, int type,
                    struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	if (type == FTW_D)
		add_dir(st->st_ino);
	return 0;
}

void record_start(struct recording *r, const char *root)
{
	struct stat st;

	self.n_dirs = 0;
	memset(self.fds, 0, sizeof self.fds);
	must(nftw(root, find_dir, 16, FTW_PHYS) == 0 && stat(root, &st) == 0,
	     "no such root");
	r->root = st.st_ino;
	self.recording = r;
}

void record_stop(void)
{
	self.recording = NULL;
}

void record_sync_takes(uint32_t us)
{
	self.sync_us = us;
}

static void take_time(void)
{
	struct timespec t = { .tv_nsec = (long)self.sync_us * 1000 };

	if (self.sync_us != 0)
		nanosleep(&t, NULL);
}

/* Put before another program; before main, and so before any thread. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("RECORDFS_FILE");
	const char *root = getenv("RECORDFS_ROOT");
	struct recording *r;

	if (path == NULL || root == NULL)
		return;
	r = recording_load(path);
	must(r != NULL, "no such recording");
	record_start(r, root);
}

/* Where a path leads: the directory it is in, and its name there. */
struct place {
	uint64_t dir; /* 0: not below the root */
	char name[RECORD_NAME];
};

static struct place place_of(int at, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char parent[4096] = ".";
	struct place p = { 0 };
	struct stat st;

	if (slash != NULL) {
		must(slash - path < (long)sizeof parent, "a path is too long");
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
	}
	if (fstatat(at, parent, &st, 0) != 0 || !is_dir_inside(st.st_ino))
		return p;
	must(strlen(name) < sizeof p.name, "a name is too long");
	strcpy(p.name, name);
	p.dir = st.st_ino;
	return p;
}

static bool is_new(uint64_t file)
{
	const struct recording *r = self.recording;

	for (uint32_t i = 0; i < r->n; i++)
		if (r->events[i].kind == RECORD_MAKE &&
		    r->events[i].file == file)
			return false;
	return true;
}

static void made(const struct place *p, uint64_t file, bool is_dir)
{
	struct record_event e = { .kind = RECORD_MAKE,
		                  .is_dir = is_dir,
		                  .file = file,
		                  .dir = p->dir };

	must(is_new(file), "an inode number is used again");
	strcpy(e.name, p->name);
	add(e);
}

static struct descriptor *known(int fd)
{
	if (self.recording == NULL || fd < 0 || fd >= FDS ||
	    self.fds[fd].file == 0)
		return NULL;
	return &self.fds[fd];
}

bool record_knows(int fd)
{
	return known(fd) != NULL;
}

static bool fails(int fd, enum fault_call call)
{
	return known(fd) != NULL && fault_at(call) != FAULT_PASSES;
}

static void forget(int fd)
{
	if (fd >= 0 && fd < FDS)
		self.fds[fd] = (struct descriptor){ 0 };
}

/* -- opening -- */

static long open_real(int at, const char *path, int flags, mode_t mode)
{
	return syscall(SYS_openat, at, path, flags | O_LARGEFILE, mode);
}

static void opened(int fd, int flags, const struct place *p, bool existed)
{
	struct stat st;

	must(fd < FDS && fstat(fd, &st) == 0, "a descriptor is too high");
	if (!existed)
		made(p, st.st_ino, false);
	else if ((flags & O_TRUNC) != 0)
		add((struct record_event){ .kind = RECORD_TRUNCATE,
		                           .file = st.st_ino });
	self.fds[fd] = (struct descriptor){
		.file = st.st_ino,
		.synchronous = (flags & O_DSYNC) != 0, /* O_SYNC has it too */
		.appends = (flags & O_APPEND) != 0,
	};
}

static bool open_fails(int flags)
{
	return fault_at((flags & O_CREAT) != 0 ? CALL_MAKE : CALL_OPEN) !=
	       FAULT_PASSES;
}

/* "." and ".." are names of directories, too; a nameless file can't be
 * found after a cut. */
static int do_open(int at, const char *path, int flags, mode_t mode)
{
	bool locked = lock();
	bool is_tmp = (flags & O_TMPFILE) == O_TMPFILE;
	struct place p = { 0 };
	bool existed = false;
	struct stat st;
	bool inside;
	int fd;

	if (locked && !is_tmp) {
		p = place_of(at, path);
		existed = fstatat(at, path, &st, 0) == 0;
	}
	inside = p.dir != 0 || (existed && is_dir_inside(st.st_ino));
	fd = inside && open_fails(flags)
	             ? -1
	             : (int)open_real(at, path, flags, mode);
	if (fd >= 0 && inside)
		opened(fd, flags, &p, existed);
	unlock(locked);
	return fd;
}

#include "../open_names.h"

int close(int fd)
{
	bool locked = lock();
	int rc;

	forget(fd);
	rc = (int)syscall(SYS_close, fd);
	unlock(locked);
	return rc;
}

static int duplicated(int from, int to)
{
	if (to >= 0 && to < FDS)
		self.fds[to] = self.fds[from];
	return to;
}

int dup(int fd)
{
	return duplicated(fd, (int)syscall(SYS_dup, fd));
}

int dup2(int from, int to)
{
	if (from == to)
		return to;
	return duplicated(from, (int)syscall(SYS_dup3, from, to, 0));
}

int dup3(int from, int to, int flags)
{
	return duplicated(from, (int)syscall(SYS_dup3, from, to, flags));
}

/* -- writing -- */

static uint64_t position(int fd, const struct descriptor *d)
{
	struct stat st;
	off64_t at;

	if (d->appends) {
		must(fstat(fd, &st) == 0, "a file has no size");
		return (uint64_t)st.st_size;
	}
	at = lseek64(fd, 0, SEEK_CUR);
	must(at >= 0, "a file has no position");
	return (uint64_t)at;
}

static void wrote(const struct descriptor *d, const struct part *p, ssize_t len,
                  uint64_t at)
{
	if (len <= 0)
		return;
	add_bytes((struct record_event){ .kind = RECORD_WRITE,
	                                 .file = d->file,
	                                 .sure = d->synchronous && !p->lost,
	                                 .lost = p->lost,
	                                 .at = at },
	          p->v, p->n, (size_t)len);
}

static enum fault_call call_of(const struct descriptor *d)
{
	return d->synchronous ? CALL_SYNC_WRITE : CALL_WRITE;
}

/* What the caller gets to see of what was written. */
static ssize_t end_write(const struct part *p, ssize_t len)
{
	if (!p->lost)
		return len;
	errno = EIO;
	return -1;
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	const struct descriptor *d = known(fd);
	struct part p = { v, n, { 0 }, false };
	bool locked;
	uint64_t at;
	ssize_t len;

	if (d != NULL && !part_take(&p, call_of(d)))
		return -1;
	locked = d != NULL && lock();
	at = locked ? position(fd, d) : 0;
	len = syscall(SYS_writev, fd, p.v, p.n);
	if (locked)
		wrote(d, &p, len, at);
	unlock(locked);
	return end_write(&p, len);
}

ssize_t write(int fd, const void *data, size_t size)
{
	struct iovec v = { (void *)(uintptr_t)data, size };

	if (known(fd) != NULL)
		return writev(fd, &v, 1);
	return syscall(SYS_write, fd, data, size);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	const struct descriptor *d = known(fd);
	struct part p = { v, n, { 0 }, false };
	bool locked;
	ssize_t len;

	if (d != NULL && !part_take(&p, call_of(d)))
		return -1;
	locked = d != NULL && lock();
	len = syscall(SYS_pwritev, fd, p.v, p.n, at, 0);
	if (locked)
		wrote(d, &p, len, (uint64_t)at);
	unlock(locked);
	if (locked && d->synchronous)
		take_time();
	return end_write(&p, len);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	return pwritev64(fd, v, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	struct iovec v = { (void *)(uintptr_t)data, size };

	return pwritev64(fd, &v, 1, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	return pwrite64(fd, data, size, at);
}

int ftruncate64(int fd, off64_t size)
{
	const struct descriptor *d = known(fd);
	bool locked;
	int rc;

	if (fails(fd, CALL_SIZE))
		return -1;
	locked = d != NULL && lock();
	rc = (int)syscall(SYS_ftruncate, fd, size);
	if (locked && rc == 0)
		add((struct record_event){ .kind = RECORD_TRUNCATE,
		                           .file = d->file,
		                           .at = (uint64_t)size });
	unlock(locked);
	return rc;
}

int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

/* Blocks behind a file's end change nothing of it, and in memory they are
 * memory, which takes longer to clear than a recovery does: they are promised
 * and not asked for. */
static int real_fallocate(int fd, int mode, off64_t at, off64_t len)
{
	if (mode == FALLOC_FL_KEEP_SIZE)
		return 0;
	return (int)syscall(SYS_fallocate, fd, mode, at, len);
}

int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
	const struct descriptor *d = known(fd);
	bool locked;
	int rc;

	if (fails(fd, CALL_SIZE))
		return -1;
	locked = d != NULL && lock();
	rc = real_fallocate(fd, mode, at, len);
	if (locked && rc == 0 && mode != FALLOC_FL_KEEP_SIZE) {
		must((mode & FALLOC_FL_PUNCH_HOLE) != 0,
		     "a kind of fallocate that it does not know");
		add((struct record_event){ .kind = RECORD_PUNCH,
		                           .file = d->file,
		                           .at = (uint64_t)at,
		                           .len = (uint64_t)len });
	}
	unlock(locked);
	return rc;
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
	return fallocate64(fd, mode, at, len);
}

/* MAP_SHARED has bits in common with its stricter forms. */
void *mmap64(void *p, size_t size, int prot, int flags, int fd, off64_t at)
{
	const struct descriptor *d = known(fd);
	bool locked;

	if (fails(fd, CALL_MAP))
		return MAP_FAILED;
	locked = d != NULL && (prot & PROT_WRITE) != 0 &&
	         (flags & MAP_SHARED) != 0 && lock();
	if (locked)
		add((struct record_event){ .kind = RECORD_MAP,
		                           .file = d->file });
	unlock(locked);
	return (void *)syscall(SYS_mmap, p, size, prot, flags, fd, at);
}

void *mmap(void *p, size_t size, int prot, int flags, int fd, off_t at)
{
	return mmap64(p, size, prot, flags, fd, at);
}

/* -- syncing -- */

static bool sync_fails(uint64_t file)
{
	enum fault_way way = fault_at(CALL_SYNC);
	int error = errno;

	if (way == FAULT_LOSES && lock()) {
		add((struct record_event){ .kind = RECORD_SYNC_LOST,
		                           .file = file });
		unlock(true);
	}
	errno = error;
	return way != FAULT_PASSES;
}

/* What was written before it began is durable when it has ended, and only if
 * it succeeded. The lock isn't held meanwhile: others write on. */
static int do_sync(int fd, long call)
{
	const struct descriptor *d = known(fd);
	uint64_t file = d != NULL ? d->file : 0;
	uint32_t begun = 0;
	int rc;

	if (d != NULL && sync_fails(file))
		return -1;
	if (d != NULL && lock()) {
		begun = add((struct record_event){ .kind = RECORD_SYNC_BEGIN,
		                                   .file = file });
		unlock(true);
	}
	take_time();
	rc = (int)syscall(call, fd);
	if (d != NULL && rc == 0 && lock()) {
		add((struct record_event){
			.kind = RECORD_SYNC_END, .file = file, .at = begun });
		unlock(true);
	}
	return rc;
}

int fsync(int fd)
{
	return do_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return do_sync(fd, SYS_fdatasync);
}

/* -- names -- */

static bool name_fails(const struct place *p, enum fault_call call)
{
	return p->dir != 0 && fault_at(call) != FAULT_PASSES;
}

int mkdirat(int at, const char *path, mode_t mode)
{
	bool locked = lock();
	struct place p = { 0 };
	struct stat st;
	int rc;

	if (locked)
		p = place_of(at, path);
	rc = name_fails(&p, CALL_MAKE)
	             ? -1
	             : (int)syscall(SYS_mkdirat, at, path, mode);
	if (rc == 0 && p.dir != 0) {
		must(fstatat(at, path, &st, 0) == 0, "a directory is gone");
		made(&p, st.st_ino, true);
		add_dir(st.st_ino);
	}
	unlock(locked);
	return rc;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int at, const char *path, int flags)
{
	bool locked = lock();
	struct record_event e = { .kind = RECORD_REMOVE };
	struct place p = { 0 };
	int rc;

	if (locked)
		p = place_of(at, path);
	rc = name_fails(&p, CALL_NAME)
	             ? -1
	             : (int)syscall(SYS_unlinkat, at, path, flags);
	if (rc == 0 && p.dir != 0) {
		e.dir = p.dir;
		strcpy(e.name, p.name);
		add(e);
	}
	unlock(locked);
	return rc;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	bool locked = lock();
	struct record_event e = { .kind = RECORD_RENAME };
	struct place a = { 0 };
	struct place b = { 0 };
	struct stat st;
	int rc;

	if (locked) {
		a = place_of(from_at, from);
		b = place_of(to_at, to);
	}
	must((a.dir == 0) == (b.dir == 0), "renamed across the root");
	rc = name_fails(&a, CALL_NAME)
	             ? -1
	             : (int)syscall(SYS_renameat, from_at, from, to_at, to);
	if (rc == 0 && a.dir != 0) {
		must(fstatat(to_at, to, &st, 0) == 0, "a file is gone");
		e.file = st.st_ino;
		e.dir = a.dir;
		e.dir2 = b.dir;
		strcpy(e.name, a.name);
		strcpy(e.name2, b.name);
		add(e);
	}
	unlock(locked);
	return rc;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
	must(self.recording == NULL, "links are not known");
	return (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
