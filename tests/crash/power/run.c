/* run.c -- see run.h. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	        strerror(errno));
	exit(2);
}

double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
