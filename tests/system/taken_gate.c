/*
 * taken_gate.c -- roostd, one gate of which has been taken over: it does what
 * the tester says on all links that a gate has. It takes run_gate()'s place,
 * behind all that confines a gate; the other gates are as they are.
 *
 * The tester connects to the listener whose port is $TAKEN_PORT until this
 * gate answers, with its process's number, and not an honest one:
 *
 *	u8 'w', u8 where, u32 index, u8 what goes with it, u32 n, n octets
 *		─► u8 sent (0, 1), u32 number of the pair whose end went along
 *	u8 'r', u8 where, u32 index, u8 0, u32 4, u32 ms to wait
 *		─► u8 enum got, u32 number of the descriptor that came, u32 n,
 *		   n octets
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../packets.h"
#include "base/bytes.h"
#include "ipc/frame.h"
#include "ipc/protocol.h"
#include "roostd/roles.h"

int __real_run_gate(struct server *, int parent_fd);
int __wrap_run_gate(struct server *, int parent_fd);

enum where { TO_AUTH, TO_MAIL, TO_PARENT, TO_PAIR };
enum with {
	WITH_NOTHING,
	WITH_STREAM,
	WITH_PACKETS,
	WITH_TESTER,
	WITH_LISTENER
};
enum got { GOT_NOTHING, GOT_BYTES, GOT_END };

enum { PARTITIONS = 16, PAIRS = 4096, NO_PAIR = UINT32_MAX };

struct taken {
	int parent;
	int auth;
	int mails[PARTITIONS];
	int listener;
	int tester; /* -1: there is none */
	uint32_t n_pairs;
	int pairs[PAIRS];
	char bytes[LIMIT_FRAME + 16];
};

/* The first one to come is taken. */
static atomic_int *comers;

__attribute__((constructor)) static void make_comers(void)
{
	comers = mmap(NULL, sizeof *comers, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (comers == MAP_FAILED)
		abort();
}

/* -- what the tester says -- */

static uint32_t keep(struct taken *t, int fd)
{
	if (fd < 0 || t->n_pairs == PAIRS)
		return NO_PAIR;
	t->pairs[t->n_pairs] = fd;
	return t->n_pairs++;
}

static int target(const struct taken *t, uint8_t where, uint32_t index)
{
	if (where == TO_AUTH)
		return t->auth;
	if (where == TO_MAIL && index < PARTITIONS)
		return t->mails[index];
	if (where == TO_PARENT)
		return t->parent;
	return index < t->n_pairs ? t->pairs[index] : -1;
}

/* What goes along; *number is that of the other end, if there is one. */
static int attachment(struct taken *t, uint8_t with, uint32_t *number)
{
	int pair[2];

	*number = NO_PAIR;
	if (with == WITH_TESTER)
		return dup(t->tester);
	if (with == WITH_LISTENER)
		return dup(t->listener);
	if (with == WITH_NOTHING ||
	    socketpair(AF_UNIX,
	               with == WITH_STREAM ? SOCK_STREAM : SOCK_SEQPACKET, 0,
	               pair) != 0)
		return -1;
	*number = keep(t, pair[0]);
	return pair[1];
}

static void answer(struct taken *t, uint8_t status, uint32_t number)
{
	char head[5] = { (char)status };

	put_le32(head + 1, number);
	send(t->tester, head, sizeof head, MSG_NOSIGNAL);
}

static void do_write(struct taken *t, int to, uint8_t with, struct slice s)
{
	uint32_t number;
	int fd = attachment(t, with, &number);
	bool sent = packet_give(to, s, fd);

	if (fd >= 0)
		close(fd);
	answer(t, sent, number);
}

static void do_read(struct taken *t, int from, uint32_t ms)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	enum got got = GOT_NOTHING;
	char size[4] = { 0 };
	ssize_t n = 0;
	int fd = -1;

	if (poll(&p, 1, (int)ms) == 1) {
		n = packet_take(from, t->bytes, LIMIT_FRAME, &fd);
		got = n > 0 ? GOT_BYTES : GOT_END;
	}
	answer(t, (uint8_t)got, keep(t, fd));
	put_le32(size, n > 0 ? (uint32_t)n : 0);
	send(t->tester, size, sizeof size, MSG_NOSIGNAL);
	if (n > 0)
		send(t->tester, t->bytes, (size_t)n, MSG_NOSIGNAL);
}

static bool hear(struct taken *t, char *to, size_t n)
{
	return n == 0 || recv(t->tester, to, n, MSG_WAITALL) == (ssize_t)n;
}

/* False: the tester has gone. */
static bool obey(struct taken *t)
{
	char head[11];
	uint32_t size;
	int fd;

	if (!hear(t, head, sizeof head))
		return false;
	fd = target(t, (uint8_t)head[1], get_le32(head + 2));
	size = get_le32(head + 7);
	if (size > sizeof t->bytes || !hear(t, t->bytes, size))
		return false;
	if (head[0] == 'w')
		do_write(t, fd, (uint8_t)head[6], slice_of(t->bytes, size));
	else
		do_read(t, fd, get_le32(t->bytes));
	return true;
}

static void welcome(struct taken *t)
{
	char text[32];
	int n = snprintf(text, sizeof text, "taken %d\n", (int)getpid());

	t->tester = accept4(t->listener, NULL, NULL, 0);
	if (t->tester >= 0)
		send(t->tester, text, (size_t)n, MSG_NOSIGNAL);
}

/* -- what the parent says -- */

static void meet(struct taken *t)
{
	const char *port = getenv("TAKEN_PORT");
	struct frame_in f;
	int fd;
	ssize_t n = packet_take(t->parent, t->bytes, LIMIT_FRAME, &fd);

	if (n <= 0)
		_exit(0);
	if (!frame_parse(slice_of(t->bytes, (size_t)n), fd, &f))
		return;
	uint8_t kind = read_u8(&f.r);

	if (f.type == FRAME_STOP)
		_exit(0);
	if (f.type == FRAME_LISTENER && port != NULL &&
	    read_u16(&f.r) == atoi(port))
		t->listener = fd;
	if (f.type != FRAME_PEER)
		return;
	uint32_t index = read_u32(&f.r);

	if (kind == ROLE_AUTH)
		t->auth = fd;
	else if (kind == ROLE_MAIL && index < PARTITIONS)
		t->mails[index] = fd;
}

static void say_ready(const struct taken *t)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_READY);
	packet_give(t->parent, buf_slice(&f.bytes), -1);
	frame_free(&f);
}

int __wrap_run_gate(struct server *s, int parent_fd)
{
	static struct taken t = { .auth = -1, .listener = -1, .tester = -1 };

	if (atomic_fetch_add(comers, 1) != 0)
		return __real_run_gate(s, parent_fd);
	t.parent = parent_fd;
	memset(t.mails, -1, sizeof t.mails);
	say_ready(&t);
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = t.parent, .events = POLLIN },
			{ .fd = t.tester >= 0 ? t.tester : t.listener,
			  .events = POLLIN },
		};

		poll(p, 2, -1);
		if (p[0].revents != 0)
			meet(&t);
		if (p[1].revents == 0)
			continue;
		if (t.tester < 0) {
			welcome(&t);
		} else if (!obey(&t)) {
			close(t.tester);
			t.tester = -1;
		}
	}
}
