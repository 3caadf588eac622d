/* acceptor.c -- see acceptor.h. */
#include "auth/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "task/timer.h"

enum { ACCEPT_PAUSE_MS = 100 };

struct acceptor {
	struct loop *loop;
	int fd;
	void (*accepted)(void *arg, int fd);
	void *arg;
	uv_poll_t poll;
	struct timer pause;
};

static void on_ready(uv_poll_t *poll, int status_code, int events);

static void go_on(void *arg)
{
	struct acceptor *a = arg;

	uv_poll_start(&a->poll, UV_READABLE, on_ready);
}

/* Without descriptors to spare the listener would stay ready, and the loop
 * busy. */
static void pause_accepting(struct acceptor *a)
{
	uv_poll_stop(&a->poll);
	timer_start(&a->pause, a->loop, ACCEPT_PAUSE_MS, go_on, a);
}

static void on_ready(uv_poll_t *poll, int status_code, int events)
{
	struct acceptor *a = poll->data;
	int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)status_code;
	(void)events;
	if (fd >= 0)
		a->accepted(a->arg, fd);
	else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		pause_accepting(a);
}

struct acceptor *acceptor_new(struct loop *loop, int fd,
                              void (*accepted)(void *arg, int fd), void *arg)
{
	struct acceptor *a = mem_new(1, sizeof *a);

	a->loop = loop;
	a->fd = fd;
	a->accepted = accepted;
	a->arg = arg;
	a->poll.data = a;
	if (uv_poll_init(loop_uv(loop), &a->poll, fd) != 0)
		abort(); /* not a socket: a mistake in this program */
	uv_poll_start(&a->poll, UV_READABLE, on_ready);
	return a;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void acceptor_free(struct acceptor *a)
{
	timer_stop(&a->pause);
	uv_poll_stop(&a->poll);
	close(a->fd);
	uv_close((uv_handle_t *)&a->poll, on_closed);
}
