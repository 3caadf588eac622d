/*
 * wallclock.c -- clocks that a test can set; put before a program with
 * LD_PRELOAD.
 *
 * The file named by WALLCLOCK holds seconds (64 bits, this machine's order)
 * that are added to the real time from then on, and behind them those that are
 * added to the monotonic clocks: so much time has passed. It is mapped at
 * start, so that processes which may open no file any more follow it, too. Who
 * waits in the kernel learns of it when woken.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offsets_s;

enum { WALL, PASSED, OFFSETS };

__attribute__((constructor)) static void open_offset(void)
{
	const char *path = getenv("WALLCLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0)
		map = mmap(NULL, OFFSETS * sizeof *offsets_s, PROT_READ,
		           MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	offsets_s = map;
	close(fd);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	long status = syscall(SYS_clock_gettime, id, t);

	if (status != 0)
		return (int)status;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		t->tv_sec += offsets_s[WALL];
	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)
		t->tv_sec += offsets_s[PASSED];
	return 0;
}

time_t time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*out = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return 0;
}
