/*
 * link.c -- frames over a SOCK_SEQPACKET socket, with a queue for what the
 * kernel has no room for.
 *
 * Whatever the peer sends, each call of recvmsg() yields one frame, the end,
 * or something that is dropped with a line in the log; at most one
 * descriptor is ever installed for a packet, and none survives its frame
 * unless the handler took it.
 */
#include "ipc/link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	FRAMES_A_TURN = 64, /* then others have their turn */
	/* More frames than the kernel queues on a socket, so that draining
	 * ends even when the peer never stops. */
	FRAMES_DRAINED = 4096,
};

/* A frame that waits for the kernel. */
struct packet {
	struct packet *next;
	int fd;
	size_t len;
	char data[];
};

struct link {
	uv_poll_t poll;
	struct loop *loop;
	int fd;
	int armed;
	bool closed; /* the peer has gone */
	bool freed;  /* the memory waits for the loop to let go */
	struct link_handler handler;
	struct packet *first;
	struct packet **last;
	size_t queued; /* bytes, with what a packet costs */
	struct wait_list reader;
	struct wait_list writer;
	char *received; /* of the frame link_receive() gave last */
	size_t received_len;
};

static void arm(struct link *l, int events);

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* A kernel without memory is no reason to part: the parent makes a new link
 * only for a process that it has started anew. */
static bool is_for_now(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* -- sending -- */

enum sent { SENT, SENT_NOTHING, SENT_FAILED };

static enum sent try_send(struct link *l, struct slice bytes, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof fd)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes.ptr, bytes.len };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = control.space;
		m.msg_controllen = CMSG_SPACE(sizeof fd);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	}
	do {
		n = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return SENT;
	return is_for_now(errno) ? SENT_NOTHING : SENT_FAILED;
}

static void drop_first(struct link *l)
{
	struct packet *p = l->first;

	l->queued -= sizeof *p + p->len;
	l->first = p->next;
	if (l->first == NULL)
		l->last = &l->first;
	close_fd(p->fd);
	mem_wipe(p->data, p->len);
	free(p);
}

/* ETOOMANYREFS is the one failure that leaves the link whole: too many
 * descriptors are on their way already. */
static struct err send_failed(struct link *l)
{
	if (errno == ETOOMANYREFS)
		return err(ERR_LIMIT, "too many descriptors in flight");
	l->closed = true;
	return err(ERR_CLOSED, "the process at the other end has gone");
}

static void send_queue(struct link *l)
{
	size_t before = l->queued;

	while (l->first != NULL && !l->closed) {
		struct packet *p = l->first;
		enum sent sent = try_send(l, slice_of(p->data, p->len), p->fd);

		if (sent == SENT_NOTHING)
			break;
		if (sent == SENT_FAILED)
			log_note(LOG_LEVEL_WARN, "frame_lost",
			         send_failed(l).text);
		drop_first(l);
	}
	if (l->first == NULL || l->closed)
		arm(l, l->armed & ~UV_WRITABLE);
	if (l->queued < before || l->closed)
		task_wake_all(&l->writer);
	if (l->first == NULL && before != 0 && l->handler.on_drain != NULL)
		l->handler.on_drain(l->handler.arg);
}

static struct err enqueue(struct link *l, struct slice bytes, int fd)
{
	struct packet *p;

	if (l->queued + bytes.len > LINK_QUEUE) {
		close_fd(fd);
		return err(ERR_LIMIT, "the process at the other end is slow");
	}
	p = mem_resize(NULL, 1, sizeof *p + bytes.len);
	p->next = NULL;
	p->fd = fd;
	p->len = bytes.len;
	memcpy(p->data, bytes.ptr, bytes.len);
	*l->last = p;
	l->last = &p->next;
	l->queued += sizeof *p + p->len;
	arm(l, l->armed | UV_WRITABLE);
	return OK;
}

static struct err send_bytes(struct link *l, struct slice bytes, int fd)
{
	enum sent sent = SENT_NOTHING;
	struct err e = OK;

	if (l->closed) {
		close_fd(fd);
		return err(ERR_CLOSED, "the process at the other end has gone");
	}
	if (l->first == NULL)
		sent = try_send(l, bytes, fd);
	if (sent == SENT_NOTHING)
		return enqueue(l, bytes, fd);
	if (sent == SENT_FAILED)
		e = send_failed(l);
	close_fd(fd);
	return e;
}

struct err link_send(struct link *l, struct frame_out *f, int fd)
{
	struct err e;

	if (f->bytes.overflow) {
		close_fd(fd);
		e = err(ERR_TOOBIG, "a frame is too large");
	} else {
		e = send_bytes(l, buf_slice(&f->bytes), fd);
	}
	frame_free(f);
	return e;
}

struct err link_send_wait(struct link *l, struct frame_out *f, int fd)
{
	struct err e = link_send(l, f, fd);

	while (is_ok(e) && l->queued > LIMIT_OUTPUT) {
		if (l->closed)
			return err(ERR_CLOSED, "the other end has gone");
		if (!task_wait(&l->writer, LIMIT_WRITE_SECONDS * 1000))
			return err(ERR_TIMEOUT, "the other end takes nothing");
	}
	return e;
}

size_t link_queued(const struct link *l)
{
	return l->queued;
}

/* -- receiving -- */

enum received { RECEIVED, RECEIVED_NOTHING, RECEIVED_BAD, RECEIVED_END };

/* The descriptor that came with a packet, or -1; others are closed. */
static int take_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd;

	if (c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fd))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static enum received bad_frame(int fd, const char *why)
{
	close_fd(fd);
	log_note(LOG_LEVEL_WARN, "frame_dropped", why);
	return RECEIVED_BAD;
}

void link_log_bad(const char *from, const struct frame_in *f)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "bad_frame");

	log_text(&l, "from", slice_cstr(from));
	log_number(&l, "type", f->type);
	log_close(&l);
}

/* One packet into buffer (of LIMIT_FRAME bytes), as a frame. *len: how much
 * of the buffer has been used. */
static enum received receive(struct link *l, char *buffer, size_t *len,
                             struct frame_in *out)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { buffer, LIMIT_FRAME };
	/* CMSG_LEN, not CMSG_SPACE: the padding would hold a second one. */
	struct msghdr m = { .msg_iov = &part,
		            .msg_iovlen = 1,
		            .msg_control = control.space,
		            .msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t n;
	int fd;

	*len = 0;
	do {
		n = recvmsg(l->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && is_for_now(errno))
		return RECEIVED_NOTHING;
	if (n <= 0)
		return RECEIVED_END;
	*len = (size_t)n;
	fd = take_fd(&m);
	if ((m.msg_flags & MSG_TRUNC) != 0)
		return bad_frame(fd, "longer than any frame may be");
	if ((m.msg_flags & MSG_CTRUNC) != 0)
		return bad_frame(fd, "its descriptor could not be taken");
	if (!frame_parse(slice_of(buffer, (size_t)n), fd, out))
		return bad_frame(fd, "too short");
	return RECEIVED;
}

static void end(struct link *l)
{
	l->closed = true;
	arm(l, 0);
	task_wake_all(&l->reader);
	task_wake_all(&l->writer);
	if (l->handler.on_frame != NULL && l->handler.on_close != NULL)
		l->handler.on_close(l->handler.arg);
}

/* Hands over at most `most` frames that have arrived. */
static void deliver(struct link *l, unsigned int most)
{
	char *buffer = mem_resize(NULL, LIMIT_FRAME, 1);
	struct frame_in f;
	size_t len;

	while (most-- != 0 && !l->freed && l->fd >= 0) {
		enum received got = receive(l, buffer, &len, &f);

		if (got == RECEIVED)
			l->handler.on_frame(l->handler.arg, &f);
		mem_wipe(buffer, len);
		if (got == RECEIVED_NOTHING)
			break;
		if (got == RECEIVED_END) {
			end(l);
			break;
		}
	}
	free(buffer);
}

void link_drain(struct link *l)
{
	assert(l->handler.on_frame != NULL);
	if (l->armed != 0) /* else its end has been told already */
		deliver(l, FRAMES_DRAINED);
}

static void forget_received(struct link *l)
{
	mem_wipe(l->received, l->received_len);
	l->received_len = 0;
}

struct err link_receive(struct link *l, uint64_t timeout_ms,
                        struct frame_in *out)
{
	assert(l->handler.on_frame == NULL);
	if (l->received == NULL)
		l->received = mem_resize(NULL, LIMIT_FRAME, 1);
	forget_received(l);
	for (;;) {
		switch (receive(l, l->received, &l->received_len, out)) {
		case RECEIVED:
			return OK;
		case RECEIVED_BAD:
			continue;
		case RECEIVED_END:
			l->closed = true;
			return err(ERR_CLOSED, "the other end has gone");
		case RECEIVED_NOTHING:
			break;
		}
		arm(l, l->armed | UV_READABLE);
		if (!task_wait(&l->reader, timeout_ms))
			return err(ERR_TIMEOUT, "the other end is silent");
	}
}

/* -- events -- */

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct link *l = poll->data;

	if (status != 0)
		events = UV_READABLE | UV_WRITABLE;
	if ((events & UV_WRITABLE) != 0)
		send_queue(l);
	if ((events & UV_READABLE) == 0 || l->freed)
		return;
	if (l->handler.on_frame != NULL)
		deliver(l, FRAMES_A_TURN);
	else if (l->reader.first != NULL)
		task_wake_all(&l->reader);
	else
		arm(l, l->armed & ~UV_READABLE);
}

static void arm(struct link *l, int events)
{
	if (l->freed || events == l->armed)
		return;
	l->armed = events;
	if (events != 0)
		uv_poll_start(&l->poll, events, on_event);
	else
		uv_poll_stop(&l->poll);
}

/* -- life -- */

struct link *link_new(struct loop *loop, int fd, struct link_handler handler)
{
	struct link *l = mem_new(1, sizeof *l);

	l->loop = loop;
	l->fd = fd;
	l->handler = handler;
	l->last = &l->first;
	if (uv_poll_init(loop_uv(loop), &l->poll, fd) != 0)
		abort(); /* not a socket: a mistake in this program */
	l->poll.data = l;
	if (handler.on_frame != NULL)
		arm(l, UV_READABLE);
	return l;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void link_free(struct link *l)
{
	if (l == NULL)
		return;
	assert(l->reader.first == NULL && l->writer.first == NULL);
	while (l->first != NULL)
		drop_first(l);
	forget_received(l);
	free(l->received);
	l->received = NULL;
	l->freed = true;
	uv_close((uv_handle_t *)&l->poll, on_closed);
	close(l->fd);
	l->fd = -1;
}

static bool option_is(int fd, int name, int want)
{
	int value = -1;
	socklen_t size = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 &&
	       value == want;
}

bool link_is_socket(int fd, int type)
{
	return option_is(fd, SO_DOMAIN, AF_UNIX) &&
	       option_is(fd, SO_TYPE, type);
}

struct err link_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return err_errno(errno);
	return OK;
}
