/* parent.c -- see parent.h. */
#include "ipc/parent.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct parent {
	struct loop *loop;
	struct link *link; /* NULL: it has gone */
	struct parent_handler handler;
};

static bool answer_ping(struct parent *p, struct frame_in *f)
{
	uint64_t number = read_u64(&f->r);
	struct frame_out pong = { 0 };

	if (!frame_is_whole(f))
		return false;
	frame_begin(&pong, FRAME_PONG);
	frame_u64(&pong, number);
	parent_send(p, &pong);
	return true;
}

static bool handle(struct parent *p, struct frame_in *f)
{
	const struct parent_handler *h = &p->handler;

	if (f->type == FRAME_PING)
		return answer_ping(p, f);
	for (size_t i = 0; i < h->n_frames; i++)
		if (h->frames[i].type == f->type)
			return h->frames[i].handle(h->arg, f);
	return false;
}

static void on_frame(void *arg, struct frame_in *f)
{
	if (!handle(arg, f))
		link_log_bad("parent", f);
	if (f->fd >= 0)
		close(f->fd);
}

static void on_close(void *arg)
{
	struct parent *p = arg;

	link_free(p->link);
	p->link = NULL;
	if (p->handler.on_close != NULL)
		p->handler.on_close(p->handler.arg);
	else
		loop_stop(p->loop);
}

struct parent *parent_new(struct loop *loop, int fd,
                          struct parent_handler handler)
{
	struct parent *p = mem_new(1, sizeof *p);

	*p = (struct parent){ .loop = loop, .handler = handler };
	p->link = link_new(loop, fd,
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_close,
	                                          .arg = p });
	return p;
}

void parent_free(struct parent *p)
{
	link_free(p->link);
	free(p);
}

void parent_send(struct parent *p, struct frame_out *f)
{
	if (p->link != NULL)
		link_send(p->link, f, -1);
	else
		frame_free(f);
}

void parent_say_ready(struct parent *p)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_READY);
	parent_send(p, &f);
}

void parent_drain(struct parent *p)
{
	if (p->link != NULL)
		link_drain(p->link);
}
