/* outside_command.c -- see outside_command.h. */
#include "roostd/outside_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/source.h"

/* Stays open for the program. Without it the source is unavailable, and the
 * program says so. */
static int open_description(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct log_line l;

	if (fd >= 0)
		return fd;
	l = log_open(LOG_LEVEL_ERROR, "can't_read");
	log_text(&l, "file", slice_cstr(path));
	log_text(&l, "error", slice_cstr(strerrordesc_np(errno)));
	log_close(&l);
	return -1;
}

static char *source_argument(const char *text)
{
	struct buf out = { 0 };
	struct config_source s;
	char *argument;
	int fd = -1;

	if (!config_source_parse(slice_cstr(text), &s))
		abort(); /* config_read() took it */
	if (config_source_is_described(s.kind))
		fd = open_description(s.path.ptr);
	if (fd >= 0)
		buf_number(&out, (uint64_t)fd);
	else
		buf_byte(&out, '-');
	buf_byte(&out, '=');
	buf_add(&out, slice_cstr(text));
	argument = mem_cstr(buf_slice(&out));
	buf_free(&out);
	return argument;
}

struct program *outside_command(const struct server *s, int parent_fd)
{
	struct program *p = program_new("roost-outside", s, parent_fd);
	const struct config_list *sources = &s->config->sources;

	for (size_t i = 0; i < sources->n && i < PROGRAM_ARGUMENTS; i++)
		program_add(p, source_argument(sources->v[i]));
	return p;
}
