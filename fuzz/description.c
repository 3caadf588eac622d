/*
 * description.c -- the file that describes a source. What is read, written
 * out, reads to the same; a value is one line without blanks around it. What
 * is wrong is one of the lines that are there, and the words for it are ours.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "outside/description.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTIONS = 4 };

struct described {
	char *v[OPTIONS];
};

static const struct description_option options[OPTIONS] = {
	{ "name", offsetof(struct described, v[0]) },
	{ "user", offsetof(struct described, v[1]) },
	{ "password", offsetof(struct described, v[2]) },
	{ "query", offsetof(struct described, v[3]) },
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static char *read_from(struct slice text, struct described *out)
{
	int fd = memfd_create("description", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len &&
	     lseek(fd, 0, SEEK_SET) == 0);
	*out = (struct described){ 0 };
	return description_read(fd, options, OPTIONS, out);
}

static void forget(struct described *d)
{
	for (int i = 0; i < OPTIONS; i++)
		free(d->v[i]);
}

static void check_value(const char *value)
{
	struct slice s = slice_cstr(value);

	must(slice_eq(s, slice_trim(s)));
	must(slice_find_byte(s, '\n') == SLICE_NONE);
}

static void check_again(const struct described *d)
{
	struct buf text = { 0 };
	struct described again;

	for (int i = 0; i < OPTIONS; i++) {
		if (d->v[i] == NULL)
			continue;
		check_value(d->v[i]);
		buf_printf(&text, "%s=%s\n", options[i].name, d->v[i]);
	}
	must(read_from(buf_slice(&text), &again) == NULL);
	for (int i = 0; i < OPTIONS; i++) {
		must((d->v[i] == NULL) == (again.v[i] == NULL));
		must(d->v[i] == NULL || !strcmp(d->v[i], again.v[i]));
	}
	forget(&again);
	buf_free(&text);
}

static void check_problem(const char *problem, struct slice in)
{
	unsigned lines = 1;
	unsigned line;

	for (size_t i = 0; i < in.len; i++)
		lines += in.ptr[i] == '\n';
	if (sscanf(problem, "line %u of", &line) == 1)
		must(line >= 1 && line <= lines);
	for (const char *p = problem; *p != '\0'; p++)
		must(isprint((unsigned char)*p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct described d;
	char *problem = read_from(in, &d);

	if (problem == NULL)
		check_again(&d);
	else
		check_problem(problem, in);
	free(problem);
	forget(&d);
	return 0;
}
