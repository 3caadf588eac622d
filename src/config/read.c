/*
 * read.c -- from a file to a struct config, and every error on the way.
 *
 * A line with an error is left out and reading goes on, so that one run of
 * `roost config check` shows all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "config/internal.h"

enum { FILE_MOST = 1 << 20 };

/* -- errors -- */

void config_note(struct config_errors *errors, unsigned line, struct slice what,
                 const char *wrong)
{
	struct buf text = { 0 };

	buf_add(&text, what);
	if (what.len > 0)
		buf_byte(&text, ' ');
	buf_add(&text, slice_cstr(wrong));
	errors->v = mem_resize(errors->v, errors->n + 1, sizeof *errors->v);
	errors->v[errors->n++] =
		(struct config_error){ line, mem_cstr(buf_slice(&text)),
		                       false };
	buf_free(&text);
}

void config_errors_free(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->v[i].text);
	free(errors->v);
	*errors = (struct config_errors){ 0 };
}

/* -- lines -- */

static const struct config_option *find(struct slice name)
{
	for (size_t i = 0; i < n_config_options; i++)
		if (slice_eq(slice_cstr(config_options[i].name), name))
			return &config_options[i];
	return NULL;
}

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (ascii_is_ctl(s.ptr[i]))
			return false;
	}
	return s.len != 0 && utf8_is_valid(s);
}

static void note_twice(struct config_errors *errors, unsigned line,
                       struct slice name, unsigned first)
{
	char text[64];

	snprintf(text, sizeof text, "is set twice, first in line %u", first);
	config_note(errors, line, name, text);
}

/* name = value */
static void read_option(struct config *c, struct slice text, unsigned line,
                        struct config_errors *errors)
{
	const struct config_option *o;
	const char *wrong;
	struct slice name;
	struct slice value;

	if (!slice_cut(text, '=', &name, &value)) {
		config_note(errors, line, S(""), "needs NAME = VALUE");
		return;
	}
	name = slice_trim(name);
	o = find(name);
	if (o == NULL) {
		config_note(errors, line, is_printable(name) ? name : S("this"),
		            "is no option");
		return;
	}
	if (config_line(c, o) != 0) {
		note_twice(errors, line, name, config_line(c, o));
		return;
	}
	wrong = config_set(c, o, slice_trim(value));
	if (wrong != NULL)
		config_note(errors, line, name, wrong);
	c->lines[o - config_options] = line;
}

static void read_lines(struct config *c, struct slice text,
                       struct config_errors *errors)
{
	struct slice rest = text;

	for (unsigned line = 1; rest.len > 0; line++) {
		struct slice one;

		slice_cut(rest, '\n', &one, &rest);
		one = slice_trim(one);
		if (one.len > 0 && one.ptr[0] != '#')
			read_option(c, one, line, errors);
	}
}

/* -- paths -- */

/* path, relative to base; the caller frees it. */
static char *join(struct slice base, const char *path)
{
	struct buf out = { 0 };
	char *joined;

	if (path[0] != '/') {
		buf_add(&out, base);
		buf_byte(&out, '/');
	}
	buf_add(&out, slice_cstr(path));
	joined = mem_cstr(buf_slice(&out));
	buf_free(&out);
	return joined;
}

static struct slice directory_of(const char *absolute)
{
	struct slice s = slice_cstr(absolute);

	return slice_first(s, slice_rfind_byte(s, '/'));
}

static void make_absolute(struct config *c, const char *file)
{
	char *whole = realpath(file, NULL);
	struct slice base = whole != NULL ? directory_of(whole) : S(".");
	char *directory = strcmp(c->directory, ".") != 0
	                          ? join(base, c->directory)
	                          : mem_cstr(base.len > 0 ? base : S("/"));

	free(c->directory);
	c->directory = directory;
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];
		char **field = config_field(c, o);
		char *path;

		if (o->kind != CONFIG_PATH || *field == c->directory ||
		    (*field)[0] == 0)
			continue;
		path = join(slice_cstr(c->directory), *field);
		free(*field);
		*field = path;
	}
	free(whole);
}

/* -- the whole -- */

static struct config *config_standard(void)
{
	struct config *c = mem_new(1, sizeof *c);

	c->lines = mem_new(n_config_options, sizeof *c->lines);
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];

		if (config_set(c, o, slice_cstr(o->standard)) != NULL)
			abort(); /* the table is wrong; a test says so */
	}
	return c;
}

static bool read_bytes_of(int fd, struct buf *out)
{
	for (;;) {
		char *to = buf_room(out, 4096);
		ssize_t n;

		if (to == NULL) {
			errno = EFBIG;
			return false;
		}
		n = pread(fd, to, 4096, (off_t)out->len);
		if (n <= 0)
			return n == 0;
		out->len += (size_t)n;
	}
}

static bool read_file(const char *path, int fd, struct buf *out)
{
	int own = fd >= 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	bool ok =
		(fd >= 0 || own >= 0) && read_bytes_of(fd >= 0 ? fd : own, out);
	int error = errno;

	if (own >= 0)
		close(own);
	errno = error;
	return ok;
}

struct config *config_read(const char *path, int fd,
                           struct config_errors *errors)
{
	struct buf text = buf_limit(FILE_MOST);
	struct config *c;

	*errors = (struct config_errors){ 0 };
	if (!read_file(path, fd, &text)) {
		config_note(errors, 0, S(""), strerrordesc_np(errno));
		buf_free(&text);
		return NULL;
	}
	c = config_standard();
	read_lines(c, buf_slice(&text), errors);
	make_absolute(c, path);
	buf_free(&text);
	return c;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < n_config_options; i++)
		config_unset(c, &config_options[i]);
	free(c->lines);
	free(c);
}

unsigned config_line(const struct config *c, const struct config_option *o)
{
	return c->lines[o - config_options];
}

/* -- what has its place in the directory -- */

char *config_control_path(const struct config *c)
{
	return join(slice_cstr(c->directory), "run/control");
}

char *config_accounts_path(const struct config *c)
{
	return join(slice_cstr(c->directory), "auth/accounts.sqlite");
}

char *config_audit_path(const struct config *c)
{
	return join(slice_cstr(c->directory), "auth/audit.log");
}

char *config_partition_path(const struct config *c, uint64_t number)
{
	struct buf name = { 0 };
	char *path;

	buf_add(&name, S("partition/"));
	buf_number(&name, number);
	buf_byte(&name, '\0');
	path = join(slice_cstr(c->directory), name.data);
	buf_free(&name);
	return path;
}
