/* children.c -- frames from the parent to a child. */
#include "roostd/children.h"

#include <signal.h>
#include <unistd.h>

void child_log(enum log_level level, const char *event, const struct child *c)
{
	struct log_line l = log_open(level, event);

	log_text(&l, "child", slice_cstr(c->name));
	if (c->pid != 0)
		log_number(&l, "pid", (uint64_t)c->pid);
	log_close(&l);
}

void child_send_frame(struct child *c, struct frame_out *f, int fd)
{
	struct err e;

	if (c->link == NULL) {
		frame_free(f);
		if (fd >= 0)
			close(fd);
		return;
	}
	e = link_send(c->link, f, fd);
	if (e.code == ERR_LIMIT && c->pid != 0) {
		child_log(LOG_LEVEL_ERROR, "child_hangs", c);
		kill(c->pid, SIGKILL);
	}
}

void child_send(struct child *c, enum frame_type type, int fd)
{
	struct frame_out f;

	frame_begin(&f, (uint16_t)type);
	child_send_frame(c, &f, fd);
}

void child_send_peer(struct child *to, const struct child *peer, int fd)
{
	struct frame_out f;

	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, (uint8_t)peer->role);
	frame_u32(&f, peer->index);
	child_send_frame(to, &f, fd);
}

void child_send_listener(struct child *c, const struct listening *l)
{
	struct frame_out f;

	frame_begin(&f, FRAME_LISTENER);
	frame_u8(&f, (uint8_t)l->kind);
	frame_u16(&f, l->port);
	frame_u8(&f, l->proxy);
	child_send_frame(c, &f, dup(l->fd));
}

void child_send_resumption(struct child *c, const struct resumption_keys *k)
{
	struct frame_out f;

	frame_begin(&f, FRAME_RESUMPTION);
	frame_slice(&f, slice_of(k->now, sizeof k->now));
	frame_slice(&f, slice_of(k->before, sizeof k->before));
	child_send_frame(c, &f, -1);
}
