/* file.c -- mapping and listing, with errno where it fails. */
#include "cli/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int open_flags(int at_fd)
{
	int flags =
		O_RDONLY | O_CLOEXEC | O_NONBLOCK; /* a FIFO must not wait */

	return at_fd == AT_FDCWD ? flags : flags | O_NOFOLLOW;
}

int directory_open(int at_fd, const char *name)
{
	return openat(at_fd, name, open_flags(at_fd) | O_DIRECTORY);
}

bool directory_sync(const char *path)
{
	int fd = directory_open(AT_FDCWD, path);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

static bool map_fd(int fd, struct mapped *out)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return false;
	}
	if (st.st_size == 0)
		return true;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return false;
	out->bytes = slice_of(at, (size_t)st.st_size);
	return true;
}

bool file_map(int at_fd, const char *name, struct mapped *out)
{
	int fd = openat(at_fd, name, open_flags(at_fd));
	bool ok;
	int error;

	*out = (struct mapped){ 0 };
	if (fd < 0)
		return false;
	ok = map_fd(fd, out);
	error = errno;
	close(fd);
	errno = error;
	return ok;
}

void file_unmap(struct mapped *m)
{
	if (m->bytes.len > 0)
		munmap((char *)m->bytes.ptr, m->bytes.len);
	*m = (struct mapped){ 0 };
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_name(struct names *n, const char *name, size_t *cap)
{
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return;
	if (n->n == *cap) {
		*cap = *cap != 0 ? 2 * *cap : 64;
		n->v = mem_resize(n->v, *cap, sizeof *n->v);
	}
	n->v[n->n++] = mem_cstr(slice_cstr(name));
}

bool names_read(int directory_fd, struct names *out)
{
	int fd = directory_open(directory_fd, ".");
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	size_t cap = 0;

	*out = (struct names){ 0 };
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL)
		add_name(out, entry->d_name, &cap);
	closedir(dir);
	if (out->n > 0)
		qsort(out->v, out->n, sizeof *out->v, by_bytes);
	return true;
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i]);
	free(n->v);
	*n = (struct names){ 0 };
}
