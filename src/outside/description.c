/* description.c -- see description.h. */
#include "outside/description.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { MOST = 65536 };

struct reading {
	const struct description_option *options;
	size_t n;
	void *out;
	unsigned line;
};

static char *wrong(const struct reading *r, const char *what)
{
	struct buf b = { 0 };
	char *text;

	buf_printf(&b, "line %u of its description: %s", r->line, what);
	text = mem_cstr(buf_slice(&b));
	buf_free(&b);
	return text;
}

static char *take(const struct reading *r, struct slice name,
                  struct slice value)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct description_option *o = &r->options[i];
		char **field = (char **)((char *)r->out + o->offset);

		if (!slice_eq(slice_cstr(o->name), name))
			continue;
		if (*field != NULL)
			return wrong(r, "it is set twice");
		*field = mem_cstr(value);
		return NULL;
	}
	return wrong(r, "there is no such option");
}

static char *read_lines(struct reading *r, struct slice rest)
{
	struct slice line, name, value;
	char *e = NULL;

	while (rest.len != 0 && e == NULL) {
		r->line++;
		slice_cut(rest, '\n', &line, &rest);
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!slice_cut(line, '=', &name, &value))
			return wrong(r, "it needs NAME = VALUE");
		e = take(r, slice_trim(name), slice_trim(value));
	}
	return e;
}

char *description_read(int fd, const struct description_option *options,
                       size_t n, void *out)
{
	struct reading r = { options, n, out, 0 };
	struct buf text = { 0 };
	char *e;
	ssize_t got;

	buf_room(&text, MOST); /* all at once: growing leaves copies */
	got = read(fd, text.data, MOST);
	close(fd);
	if (got >= 0 && got < MOST &&
	    memchr(text.data, '\0', (size_t)got) == NULL)
		e = read_lines(&r, slice_of(text.data, (size_t)got));
	else
		e = mem_cstr(S("its description can't be read, or is too "
		               "long"));
	mem_wipe(text.data, text.cap);
	buf_free(&text);
	return e;
}
