/* client_ca.c -- read, looked at, and passed on. */
#include "roostd/client_ca.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/authorities.h"
#include "base/mem.h"
#include "roostd/handout.h"

static void set_fd(struct client_ca *c, int fd)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = fd;
}

void client_ca_introduce(const struct client_ca *c, struct child *child)
{
	struct frame_out f = { 0 };
	int fd = -1;

	if (child->role != ROLE_GATE && child->role != ROLE_AUTH)
		return;
	if (c->fd >= 0)
		fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
	frame_begin(&f, FRAME_CLIENT_CA);
	child_send_frame(child, &f, fd);
}

static void tell(const struct client_ca *c, struct child *children, size_t n)
{
	for (size_t i = 0; i < n; i++)
		client_ca_introduce(c, &children[i]);
}

static bool set_path(struct client_ca *c, const char *path)
{
	const char *old = c->path != NULL ? c->path : "";

	if (strcmp(old, path) == 0)
		return false;
	free(c->path);
	c->path = path[0] != '\0' ? mem_cstr(slice_cstr(path)) : NULL;
	c->mark = (struct file_mark){ 0 };
	return true;
}

static void log_refused(const struct client_ca *c, const char *problem)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "client_ca_refused");

	log_text(&l, "file", slice_cstr(c->path));
	log_text(&l, "problem", slice_cstr(problem));
	log_close(&l);
}

/* -1: it is not good. */
static int read_good(const struct client_ca *c)
{
	struct authorities a = { 0 };
	int fd = handout_pair(c->path, NULL);
	const char *problem = fd >= 0 ? authorities_read(&a, fd) : NULL;

	authorities_free(&a);
	if (problem == NULL)
		return fd;
	log_refused(c, problem);
	close(fd);
	return -1;
}

bool client_ca_read(struct client_ca *c, const struct config *config,
                    struct child *children, size_t n)
{
	bool is_other = set_path(c, config->client_ca);
	struct file_mark mark = { 0 };
	int fd;

	if (c->path == NULL) {
		if (c->fd >= 0) {
			set_fd(c, -1);
			tell(c, children, n);
		}
		return is_other;
	}
	if (!file_mark_of(c->path, &mark) && c->fd >= 0 && !is_other)
		return false; /* it may be about to be replaced */
	if (memcmp(&mark, &c->mark, sizeof mark) == 0 && !is_other)
		return false;
	c->mark = mark;
	fd = read_good(c);
	if (fd < 0)
		return is_other;
	set_fd(c, fd);
	tell(c, children, n);
	return is_other;
}

void client_ca_free(struct client_ca *c)
{
	set_fd(c, -1);
	free(c->path);
}
