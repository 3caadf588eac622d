/* memory.c -- RLIMIT_DATA, from what is there. */
#include "base/memory.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* From /proc/self/statm, the sixth number. */
static bool read_data(uint64_t *bytes)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages;
	bool ok =
		f != NULL && fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) == 1;

	if (f != NULL)
		fclose(f);
	if (ok)
		*bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return ok;
}

bool memory_limit(uint64_t bytes)
{
	struct rlimit r;
	uint64_t data;

	if (!read_data(&data))
		return false;
	r = (struct rlimit){ data + bytes, data + bytes };
	return setrlimit(RLIMIT_DATA, &r) == 0;
}
