/*
 * fault_syncs.c -- syncs fail when a test says so (fault.h). What they were
 * about is on the disk or not; nobody is told that it is.
 *
 * Put before a program with LD_PRELOAD.
 */
#include "fault.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

typedef int sync_fn(int);

static int sync_by(const char *name, int fd)
{
	sync_fn *real = (sync_fn *)dlsym(RTLD_NEXT, name);

	if (real == NULL)
		abort();
	return fault_at(CALL_SYNC) == FAULT_PASSES ? real(fd) : -1;
}

int fsync(int fd)
{
	return sync_by("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_by("fdatasync", fd);
}
