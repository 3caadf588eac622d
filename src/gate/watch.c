/*
 * watch.c -- uv_poll_t, with an end that does not have to be waited for.
 *
 * Interest in reading stays armed when nobody wants it for a while, which
 * saves two system calls a request; an event that nobody wants disarms it.
 */
#include "gate/watch.h"

#include <stdlib.h>

#include "base/mem.h"

struct watch {
	uv_poll_t poll; /* first: a handle's pointer is a watch's */
	void (*fn)(void *arg);
	void *arg;
	int wanted;
	int armed;
};

static void arm(struct watch *w, int events);

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct watch *w = (struct watch *)handle;

	/* What is wrong with the descriptor the next read will say; libuv has
	 * stopped watching it. */
	if (status != 0) {
		w->armed = 0;
		events = w->wanted;
	}
	if ((events & w->wanted) != 0)
		w->fn(w->arg);
	else
		arm(w, w->wanted);
}

static void arm(struct watch *w, int events)
{
	if (events == w->armed)
		return;
	w->armed = events;
	if (events == 0)
		uv_poll_stop(&w->poll);
	else
		uv_poll_start(&w->poll, events, on_poll);
}

struct watch *watch_new(struct loop *loop, int fd, void (*fn)(void *arg),
                        void *arg)
{
	struct watch *w = mem_new(1, sizeof *w);

	if (uv_poll_init(loop_uv(loop), &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->fn = fn;
	w->arg = arg;
	return w;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void watch_free(struct watch *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}

void watch_for(struct watch *w, int events)
{
	w->wanted = events;
	arm(w, events | (w->armed & UV_READABLE));
}
