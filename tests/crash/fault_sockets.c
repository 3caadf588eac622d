/*
 * fault_sockets.c -- calls on sockets fail when a test says so (fault.h).
 *
 * Put before a server with LD_PRELOAD. What kind of socket a descriptor is,
 * if any, the kernel is asked each time: descriptors come from other
 * processes as well. Which process this is, it has told by its name.
 */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name, type) ((type)real(#name))

static void *real(const char *name)
{
	void *fn = dlsym(RTLD_NEXT, name);

	if (fn == NULL)
		abort();
	return fn;
}

typedef ssize_t read_fn(int, void *, size_t);
typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t readv_fn(int, const struct iovec *, int);
typedef ssize_t recv_fn(int, void *, size_t, int);
typedef ssize_t send_fn(int, const void *, size_t, int);
typedef ssize_t recvmsg_fn(int, struct msghdr *, int);
typedef ssize_t sendmsg_fn(int, const struct msghdr *, int);
typedef int accept_fn(int, struct sockaddr *, socklen_t *, int);

/* SOCK_...; 0: none. errno stays. */
static int type_of(int fd)
{
	int error = errno;
	int type = 0;
	socklen_t size = sizeof type;

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
		type = 0;
	errno = error;
	return type;
}

static enum fault_way receiving(int fd)
{
	int type = type_of(fd);

	if (type == 0)
		return FAULT_PASSES;
	return fault_at(type == SOCK_STREAM ? CALL_RECEIVE : CALL_FRAME_IN);
}

static enum fault_way sending(int fd)
{
	int type = type_of(fd);

	if (type == 0)
		return FAULT_PASSES;
	return fault_at(type == SOCK_STREAM ? CALL_SEND : CALL_FRAME_OUT);
}

static size_t part(enum fault_way way, size_t n)
{
	return way == FAULT_HALVES ? (n + 1) / 2 : n;
}

/* -- receiving -- */

ssize_t read(int fd, void *to, size_t n)
{
	enum fault_way way = receiving(fd);

	if (way == FAULT_FAILS)
		return -1;
	return REAL(read, read_fn *)(fd, to, part(way, n));
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
	enum fault_way way = receiving(fd);

	if (way == FAULT_FAILS)
		return -1;
	return REAL(recv, recv_fn *)(fd, to, part(way, n), flags);
}

/* Half of them: the first parts, or half of the only one. */
static ssize_t half_recvmsg(int fd, const struct msghdr *whole, int flags)
{
	struct iovec first = whole->msg_iov[0];
	struct msghdr m = *whole;

	first.iov_len = (first.iov_len + 1) / 2;
	m.msg_iov = &first;
	m.msg_iovlen = 1;
	return REAL(recvmsg, recvmsg_fn *)(fd, &m, flags);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	enum fault_way way = receiving(fd);

	if (way == FAULT_FAILS)
		return -1;
	if (way == FAULT_HALVES && m->msg_iovlen > 0)
		return half_recvmsg(fd, m, flags);
	return REAL(recvmsg, recvmsg_fn *)(fd, m, flags);
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
	enum fault_way way = receiving(fd);

	if (way == FAULT_FAILS)
		return -1;
	if (way == FAULT_HALVES && n > 0)
		return REAL(read, read_fn *)(fd, v->iov_base,
		                             part(way, v->iov_len));
	return REAL(readv, readv_fn *)(fd, v, n);
}

/* -- sending -- */

ssize_t write(int fd, const void *data, size_t n)
{
	enum fault_way way = sending(fd);

	if (way == FAULT_FAILS)
		return -1;
	return REAL(write, write_fn *)(fd, data, part(way, n));
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
	enum fault_way way = sending(fd);

	if (way == FAULT_FAILS)
		return -1;
	return REAL(send, send_fn *)(fd, data, part(way, n), flags);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	enum fault_way way = sending(fd);

	if (way == FAULT_FAILS)
		return -1;
	if (way == FAULT_HALVES && m->msg_iovlen > 0 &&
	    m->msg_iov[0].iov_len > 0)
		return REAL(send, send_fn *)(fd, m->msg_iov[0].iov_base,
		                             part(way, m->msg_iov[0].iov_len),
		                             flags);
	return REAL(sendmsg, sendmsg_fn *)(fd, m, flags);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	enum fault_way way = sending(fd);

	if (way == FAULT_FAILS)
		return -1;
	if (way == FAULT_HALVES && n > 0)
		return REAL(write, write_fn *)(fd, v->iov_base,
		                               part(way, v->iov_len));
	return REAL(writev, readv_fn *)(fd, v, n);
}

/* -- the rest -- */

int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
	if (fault_at(CALL_ACCEPT) != FAULT_PASSES)
		return -1;
	return REAL(accept4, accept_fn *)(fd, from, size, flags);
}

int prctl(int option, ...)
{
	unsigned long more[4];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		more[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_NAME)
		fault_role_is((const char *)more[0]);
	return (int)syscall(SYS_prctl, option, more[0], more[1], more[2],
	                    more[3]);
}
