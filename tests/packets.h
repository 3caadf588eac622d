/*
 * packets.h -- one packet of a link, sent or received by hand: by a test that
 * plays another process, or by one that has been taken over.
 */
#pragma once

#include <string.h>
#include <sys/socket.h>

#include "base/slice.h"

union packet_control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* With a copy of the descriptor, -1: none. */
static inline bool packet_give(int to, struct slice s, int fd)
{
	union packet_control control = { 0 };
	struct iovec part = { (void *)(uintptr_t)s.ptr, s.len };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = control.space;
		m.msg_controllen = CMSG_SPACE(sizeof fd);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)s.len;
}

/* As recvmsg() answers; *fd is the caller's to close, -1: there was none. */
static inline ssize_t packet_take(int from, void *bytes, size_t size, int *fd)
{
	union packet_control control;
	struct iovec part = { bytes, size };
	struct msghdr m = { .msg_iov = &part,
		            .msg_iovlen = 1,
		            .msg_control = control.space,
		            .msg_controllen = sizeof control.space };
	ssize_t n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n >= 0 && m.msg_controllen != 0)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof *fd);
	return n;
}
