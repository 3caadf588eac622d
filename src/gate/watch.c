/* watch.c -- uv_poll_t, with an end that does not have to be waited for. */
#include "gate/watch.h"

#include <stdlib.h>

#include "base/mem.h"

struct watch {
	uv_poll_t poll; /* first: a handle's pointer is a watch's */
	void (*fn)(void *arg);
	void *arg;
	int events;
};

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct watch *w = (struct watch *)handle;

	/* What is wrong with the descriptor the next read will say. */
	(void)status;
	(void)events;
	w->fn(w->arg);
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
	if (events == w->events)
		return;
	w->events = events;
	if (events == 0)
		uv_poll_stop(&w->poll);
	else
		uv_poll_start(&w->poll, events, on_poll);
}
