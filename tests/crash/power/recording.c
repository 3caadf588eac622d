/* recording.c -- the memory of a recording, or the file; see record.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "recording: %s\n", what);
	abort();
}

static size_t events_size(void)
{
	return sizeof(struct recording) +
	       (size_t)RECORDING_EVENTS * sizeof(struct record_event);
}

static size_t whole_size(void)
{
	return events_size() + RECORDING_BYTES;
}

static struct recording *map_recording(int fd)
{
	int flags = MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
	void *p =
		mmap(NULL, whole_size(), PROT_READ | PROT_WRITE, flags, fd, 0);

	must(p != MAP_FAILED, "no room for a recording");
	return p;
}

struct recording *recording_new(const char *path)
{
	struct recording *r;
	pthread_mutexattr_t shared;
	int fd = -1;

	if (path != NULL) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		must(fd >= 0 && ftruncate(fd, (off_t)whole_size()) == 0,
		     "can't make the file of a recording");
	}
	r = map_recording(fd);
	if (fd >= 0)
		close(fd);
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&r->lock, &shared);
	pthread_mutexattr_destroy(&shared);
	return r;
}

struct recording *recording_load(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct recording *r = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size == (off_t)whole_size())
		r = map_recording(fd);
	close(fd);
	return r;
}

void recording_clear(struct recording *r)
{
	r->n = 0;
	r->used = 0;
}

void recording_free(struct recording *r)
{
	munmap(r, whole_size());
}

char *recording_data(const struct recording *r)
{
	return (char *)(uintptr_t)r + events_size();
}

struct slice record_bytes(const struct recording *r,
                          const struct record_event *e)
{
	return slice_of(recording_data(r) + e->data, e->len);
}
