/*
 * pack_files.c -- descriptors of packs, shared by the readers of a pack.
 *
 * Most recently used first; IDLE_MOST that nobody reads are kept open. A
 * reader holds its pack open, also after reclaiming has unlinked it.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/internal.h"

enum { IDLE_MOST = 64 };

static void forget(struct pack_files *f, struct pack_file **link)
{
	struct pack_file *gone = *link;

	assert(gone->readers == 0);
	*link = gone->next;
	f->idle--;
	close(gone->fd);
	free(gone);
}

static void trim(struct pack_files *f)
{
	struct pack_file **last_idle = NULL;

	if (f->idle <= IDLE_MOST)
		return;
	for (struct pack_file **p = &f->first; *p != NULL; p = &(*p)->next)
		if ((*p)->readers == 0)
			last_idle = p;
	forget(f, last_idle);
}

/* Taken out of the list; NULL when it isn't open. */
static struct pack_file *take(struct pack_files *f, uint32_t number)
{
	for (struct pack_file **p = &f->first; *p != NULL; p = &(*p)->next) {
		struct pack_file *file = *p;

		if (file->number == number) {
			*p = file->next;
			return file;
		}
	}
	return NULL;
}

static struct err open_new(struct pack_files *f, uint32_t number,
                           struct pack_file **out)
{
	char name[9];
	int fd;

	pack_name(number, name);
	fd = openat(f->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err(ERR_CORRUPT, "a pack of messages is missing");
	if (fd < 0)
		return err_errno(errno);
	*out = mem_new(1, sizeof **out);
	**out = (struct pack_file){ .number = number, .fd = fd };
	f->idle++;
	return OK;
}

struct err pack_file_open(struct pack_files *f, uint32_t number,
                          struct pack_file **out)
{
	struct pack_file *file = take(f, number);
	struct err e = file == NULL ? open_new(f, number, &file) : OK;

	if (!is_ok(e))
		return e;
	if (file->readers++ == 0)
		f->idle--;
	file->next = f->first;
	f->first = file;
	*out = file;
	return OK;
}

static void forget_number(struct pack_files *f, uint32_t number)
{
	for (struct pack_file **p = &f->first; *p != NULL; p = &(*p)->next) {
		if ((*p)->number != number)
			continue;
		(*p)->removed = true;
		if ((*p)->readers == 0)
			forget(f, p);
		return;
	}
}

void pack_file_close(struct pack_files *f, struct pack_file *file)
{
	assert(file->readers > 0);
	if (--file->readers > 0)
		return;
	f->idle++;
	if (file->removed)
		forget_number(f, file->number);
	trim(f);
}

void pack_file_removed(struct pack_files *f, uint32_t number)
{
	forget_number(f, number);
}

void pack_files_fini(struct pack_files *f)
{
	while (f->first != NULL)
		forget(f, &f->first);
}

struct err read_fully(int fd, void *to, size_t size, uint64_t offset)
{
	char *at = to;

	while (size > 0) {
		ssize_t n = pread(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(errno);
		if (n == 0)
			return err(ERR_CORRUPT, "a pack ends too early");
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return OK;
}

struct cold_read {
	int fd;
	struct iovec to;
	uint64_t offset;
	struct err result;
};

static void read_cold(void *arg)
{
	struct cold_read *r = arg;

	r->result = read_fully(r->fd, r->to.iov_base, r->to.iov_len, r->offset);
}

struct err read_in_task(int fd, void *to, size_t size, uint64_t offset)
{
	struct cold_read r = { fd, { to, size }, offset, OK };
	ssize_t n = preadv2(fd, &r.to, 1, (off_t)offset, RWF_NOWAIT);

	if (n >= 0 && (size_t)n == size)
		return OK;
	if (task_is_inside())
		task_offload(read_cold, &r);
	else
		read_cold(&r);
	return r.result;
}
