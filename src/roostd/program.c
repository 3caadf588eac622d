/* program.c -- see program.h. */
#include "roostd/program.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { FIXED = 3, PATH = 4096 };

struct program {
	char path[PATH];
	char *argv[FIXED + PROGRAM_ARGUMENTS + 1];
	size_t n;
};

static void find(const char *name, char *out)
{
	ssize_t n = readlink("/proc/self/exe", out, PATH / 2);
	size_t directory = 0;

	for (size_t i = 0; n > 0 && i < (size_t)n; i++) {
		if (out[i] == '/')
			directory = i + 1;
	}
	snprintf(out + directory, PATH - directory, "%s", name);
	if (directory == 0 || access(out, X_OK) != 0)
		snprintf(out, PATH, "%s/%s", ROOST_LIBEXEC, name);
}

struct program *program_new(const char *name, const struct server *s,
                            int parent_fd)
{
	struct program *p = mem_new(1, sizeof *p);
	char number[16];

	snprintf(number, sizeof number, "%d", parent_fd);
	find(name, p->path);
	p->argv[0] = p->path;
	p->argv[1] = mem_cstr(slice_cstr(s->config->log_level));
	p->argv[2] = mem_cstr(slice_cstr(number));
	p->n = FIXED;
	fcntl(parent_fd, F_SETFD, 0);
	return p;
}

void program_add(struct program *p, char *argument)
{
	assert(p->n < FIXED + PROGRAM_ARGUMENTS);
	p->argv[p->n++] = argument;
}

/* "NAME=value" for those that are set: authorities of an operator's own, which
 * stream is the journal, and what sanitizers want to know. What other variables
 * mean to libraries that we did not write is nobody's intention. */
static void fill_environment(char **out)
{
	static const char *const names[] = {
		"SSL_CERT_FILE", "TZ",           "JOURNAL_STREAM",
		"ASAN_OPTIONS",  "LSAN_OPTIONS", "UBSAN_OPTIONS"
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		struct buf b = { 0 };

		if (value == NULL)
			continue;
		buf_printf(&b, "%s=%s", names[i], value);
		*out++ = mem_cstr(buf_slice(&b));
		buf_free(&b);
	}
	*out = NULL;
}

struct err program_run(struct program *p)
{
	char *environment[8];

	fill_environment(environment);
	execve(p->path, p->argv, environment);
	return err(ERR_ABSENT, "its program can't be run");
}
