/* control.c -- frames over a blocking SOCK_SEQPACKET. */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/fail.h"
#include "ipc/protocol.h"

enum { FIELDS_MAX = 64 };

static struct err open_error(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return err(ERR_UNAVAILABLE, "the server is not running");
	case EACCES:
	case EPERM:
		return err(ERR_NOPERM, "not permitted to use its socket");
	default:
		return err_errno(error);
	}
}

struct err control_open(const char *socket_path, struct control *c)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	c->fd = -1;
	if (strlen(socket_path) >= sizeof at.sun_path)
		return err(ERR_SYNTAX, "the path of its socket is too long");
	strcpy(at.sun_path, socket_path);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_errno(errno);
	if (connect(c->fd, (struct sockaddr *)&at, sizeof at) != 0) {
		struct err e = open_error(errno);

		control_close(c);
		return e;
	}
	return OK;
}

void control_close(struct control *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

struct err control_send(struct control *c, struct frame_out *f)
{
	struct slice bytes = buf_slice(&f->bytes);
	struct err e = OK;

	if (f->bytes.overflow)
		e = err(ERR_LIMIT, "too long for one request");
	else if (send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) < 0)
		e = err_errno(errno);
	frame_free(f);
	return e;
}

/* The one descriptor that may have come with a packet, or -1. */
static int packet_fd(struct msghdr *m)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (head != NULL && head->cmsg_level == SOL_SOCKET &&
	    head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}

struct err control_receive(struct control *c, struct frame_in *in)
{
	char room[CMSG_SPACE(sizeof(int))];
	struct iovec to = { c->frame, sizeof c->frame };
	struct msghdr m = { .msg_iov = &to,
		            .msg_iovlen = 1,
		            .msg_control = room,
		            .msg_controllen = sizeof room };
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return err_errno(errno);
	if (n == 0)
		return err(ERR_CLOSED, "the server has gone away");
	in->fd = packet_fd(&m);
	in->r = reader_of(slice_of(c->frame, (size_t)n));
	in->type = read_u16(&in->r);
	if (in->r.failed || (m.msg_flags & MSG_TRUNC) != 0)
		return err(ERR_CORRUPT, "the server's answer makes no sense");
	return OK;
}

struct err control_done(struct control *c, struct frame_in *in)
{
	unsigned code = read_u8(&in->r);
	struct slice text = frame_read_slice(in, sizeof c->text - 1);
	unsigned lost = read_u8(&in->r);

	if (!frame_is_whole(in) || code >= ERR_CODES)
		return err(ERR_CORRUPT, "the server's answer makes no sense");
	if (lost)
		warn("the audit log can't be written, and lacks this: see the "
		     "server's log");
	snprintf(c->text, sizeof c->text, "%.*s", (int)text.len, text.ptr);
	return err((enum err_code)code, c->text);
}

static struct err take_row(struct frame_in *in,
                           void (*fn)(void *, const struct slice *, size_t),
                           void *arg)
{
	struct slice fields[FIELDS_MAX];
	uint32_t n = read_u32(&in->r);

	if (n > FIELDS_MAX)
		return err(ERR_CORRUPT, "the server's row is too long");
	for (uint32_t i = 0; i < n; i++)
		fields[i] = frame_read_slice(in, LIMIT_FRAME);
	if (!frame_is_whole(in))
		return err(ERR_CORRUPT, "the server's row makes no sense");
	if (fn != NULL)
		fn(arg, fields, n);
	return OK;
}

struct err control_call(struct control *c, struct frame_out *request,
                        void (*fn)(void *arg, const struct slice *, size_t n),
                        void *arg)
{
	struct frame_in in;
	struct err e = control_send(c, request);

	while (is_ok(e)) {
		e = control_receive(c, &in);
		if (!is_ok(e))
			return e;
		if (in.fd >= 0)
			close(in.fd);
		if (in.type == FRAME_DONE)
			return control_done(c, &in);
		if (in.type != FRAME_ROW)
			return err(ERR_CORRUPT, "not an answer to this");
		e = take_row(&in, fn, arg);
	}
	return e;
}

/* auth made the link for the loops at its ends; ours simply waits. */
static void make_waiting(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static struct err take_linked(struct frame_in *in, struct control *to,
                              struct linked *out)
{
	to->fd = in->fd;
	out->account = read_u64(&in->r);
	out->partition = read_u32(&in->r);
	out->partitions = read_u32(&in->r);
	if (!frame_is_whole(in) || in->fd < 0)
		return err(ERR_CORRUPT, "the server's answer makes no sense");
	make_waiting(in->fd);
	return OK;
}

struct err control_link(struct control *c, struct slice account,
                        uint32_t partition, struct control *to,
                        struct linked *out)
{
	struct frame_out f = { 0 };
	struct frame_in in;
	struct err e;

	to->fd = -1;
	frame_begin(&f, FRAME_LINK);
	frame_slice(&f, account);
	frame_u32(&f, partition);
	e = control_send(c, &f);
	while (is_ok(e)) {
		e = control_receive(c, &in);
		if (is_ok(e) && in.type == FRAME_DONE) {
			e = control_done(c, &in);
			if (is_ok(e) && to->fd < 0)
				e = err(ERR_CORRUPT, "it sent no link");
			break;
		}
		if (is_ok(e))
			e = in.type == FRAME_LINKED && to->fd < 0
			            ? take_linked(&in, to, out)
			            : err(ERR_CORRUPT, "not an answer to this");
	}
	if (!is_ok(e))
		control_close(to);
	return e;
}
