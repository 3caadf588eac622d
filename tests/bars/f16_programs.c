/*
 * f16_programs.c -- a role that is a program of its own, taken over: f16 links
 * it in front of outside_main() and metrics_main(). roostd leaves a program
 * little of its environment, so what it needs is in a file beside it, read
 * before anything confines it.
 */
#include "f16.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loop;

int __wrap_outside_main(struct loop *, const void *options, int parent_fd);
int __wrap_metrics_main(struct loop *, const void *options, int parent_fd);

/* NAME=value, a line each; they stay. */
__attribute__((constructor)) static void read_environment(void)
{
	char path[4096] = "";
	char line[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
	FILE *f;

	if (n <= 0 || strrchr(path, '/') == NULL)
		return;
	strcpy(strrchr(path, '/'), "/f16.env");
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		putenv(strdup(line));
	}
	if (f != NULL)
		fclose(f);
}

int __wrap_outside_main(struct loop *loop, const void *options, int parent_fd)
{
	(void)loop;
	(void)options;
	return f16_run(parent_fd, getppid(), false);
}

int __wrap_metrics_main(struct loop *loop, const void *options, int parent_fd)
{
	(void)loop;
	(void)options;
	return f16_run(parent_fd, getppid(), false);
}
