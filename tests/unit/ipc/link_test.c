/*
 * link_test.c -- order, descriptors and bounds between two ends, and what a
 * hostile end can't do. LIMIT_FRAME, LINK_QUEUE
 */
#include "ipc/link.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../turns.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

/* One end is a link that counts, the other a plain socket or a link. */
struct end {
	struct loop *loop;
	struct link *link;
	uint32_t frames;
	uint32_t in_order; /* the next number expected */
	size_t bytes;
	int fd; /* the last one that came */
	int closes;
	int drains;
	bool free_in_frame;
	bool free_in_close;
};

static void on_frame(void *arg, struct frame_in *f)
{
	struct end *e = arg;

	assert_false(task_is_inside());
	e->frames++;
	e->bytes += f->r.rest.len;
	if (f->type == 1 && read_u32(&f->r) == e->in_order)
		e->in_order++;
	if (f->fd >= 0) {
		if (e->fd >= 0)
			close(e->fd);
		e->fd = f->fd;
	}
	if (e->free_in_frame)
		link_free(e->link);
}

static void on_close(void *arg)
{
	struct end *e = arg;

	e->closes++;
	if (e->free_in_close)
		link_free(e->link);
}

static void on_drain(void *arg)
{
	struct end *e = arg;

	e->drains++;
}

static struct end end_new(struct loop *l)
{
	return (struct end){ .loop = l, .fd = -1 };
}

static void end_start(struct end *e, int fd)
{
	e->link = link_new(
		e->loop, fd,
		(struct link_handler){ on_frame, on_close, e, on_drain });
}

static void send_number(struct link *l, uint32_t n, struct err want)
{
	struct frame_out f;

	frame_begin(&f, 1);
	frame_u32(&f, n);
	assert_int_equal(link_send(l, &f, -1).code, want.code);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void do_nothing(struct loop *l, void *arg)
{
	(void)l;
	(void)arg;
}

static void with(void (*fn)(struct loop *, void *))
{
	int before = open_fds();

	task_run_main(fn, NULL);
	assert_int_equal(open_fds(), before); /* nothing leaked, ever */
}

/* -- both ends are links -- */

static void main_order(struct loop *l, void *arg)
{
	int fds[2];
	struct end a = end_new(l);
	struct end b = end_new(l);

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	assert_true(link_is_socket(fds[0], SOCK_SEQPACKET));
	assert_false(link_is_socket(fds[0], SOCK_STREAM));
	assert_true((fcntl(fds[0], F_GETFD) & FD_CLOEXEC) != 0);
	end_start(&a, fds[0]);
	end_start(&b, fds[1]);
	for (uint32_t i = 0; i < 20000; i++) /* more than the kernel holds */
		send_number(a.link, i, OK);
	assert_true(link_queued(a.link) > 0);
	while (b.frames < 20000)
		task_sleep(1);
	assert_int_equal(b.in_order, 20000);
	assert_int_equal(link_queued(a.link), 0);
	turns();
	assert_int_equal(a.drains, 1);
	send_number(b.link, 0, OK);
	turns();
	assert_int_equal(a.frames, 1);
	link_free(a.link);
	turns();
	assert_int_equal(b.closes, 1);
	send_number(b.link, 0, err(ERR_CLOSED, NULL));
	link_drain(b.link);
	assert_int_equal(b.closes, 1);
	link_free(b.link);
}

static void test_order(void **state)
{
	(void)state;
	with(main_order);
}

static void main_fd(struct loop *l, void *arg)
{
	int fds[2];
	int pipe_fds[2];
	struct end a = end_new(l);
	struct end b = end_new(l);
	struct frame_out f;
	char text[4];

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	assert_int_equal(pipe(pipe_fds), 0);
	end_start(&a, fds[0]);
	end_start(&b, fds[1]);
	frame_begin(&f, 2);
	assert_true(is_ok(link_send(a.link, &f, pipe_fds[1])));
	assert_int_equal(fcntl(pipe_fds[1], F_GETFD), -1); /* taken over */
	turns();
	assert_true(b.fd >= 0);
	assert_true((fcntl(b.fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(b.fd, "way", 3), 3);
	assert_int_equal(read(pipe_fds[0], text, 4), 3);
	assert_memory_equal(text, "way", 3);
	close(b.fd);
	close(pipe_fds[0]);
	link_free(a.link);
	link_free(b.link);
}

static void test_descriptor(void **state)
{
	(void)state;
	with(main_fd);
}

/* A peer that takes nothing: up to LINK_QUEUE, then ERR_LIMIT, and the
 * descriptor that came along is closed all the same. */
static void main_bound(struct loop *l, void *arg)
{
	static char big[60000];
	int fds[2];
	struct end a = end_new(l);
	struct err e = OK;
	size_t sent = 0;

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	end_start(&a, fds[0]);
	while (is_ok(e)) {
		struct frame_out f;

		frame_begin(&f, 3);
		frame_slice(&f, slice_of(big, sizeof big));
		e = link_send(a.link, &f, dup(STDIN_FILENO));
		assert_true(link_queued(a.link) <= LINK_QUEUE + 1024);
		assert_true(sent++ < 1000);
	}
	assert_int_equal(e.code, ERR_LIMIT);
	assert_true(link_queued(a.link) > LINK_QUEUE - sizeof big * 2);
	link_free(a.link);
	close(fds[1]);
}

static void test_bound(void **state)
{
	(void)state;
	with(main_bound);
}

static void main_too_big(struct loop *l, void *arg)
{
	static char big[LIMIT_FRAME];
	int fds[2];
	struct end a = end_new(l);
	struct frame_out f;

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	end_start(&a, fds[0]);
	frame_begin(&f, 3);
	frame_slice(&f, slice_of(big, sizeof big));
	assert_int_equal(link_send(a.link, &f, dup(0)).code, ERR_TOOBIG);
	send_number(a.link, 0, OK); /* and the link goes on */
	link_free(a.link);
	close(fds[1]);
}

static void test_too_big(void **state)
{
	(void)state;
	with(main_too_big);
}

/* -- the other end is hostile -- */

static void send_raw(int fd, const void *bytes, size_t len, int n_fds)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n_fds != 0) {
		m.msg_control = control.space;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n_fds);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n_fds);
		/* all of them standard input */
	}
	assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), len);
}

static void main_hostile(struct loop *l, void *arg)
{
	static char big[LIMIT_FRAME * 2] = { 1 };
	int fds[2];
	struct end a = end_new(l);

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	end_start(&a, fds[0]);
	send_raw(fds[1], "x", 1, 0);               /* no type */
	send_raw(fds[1], "x", 1, 1);               /* and a descriptor */
	send_raw(fds[1], big, sizeof big, 0);      /* too long */
	send_raw(fds[1], big, LIMIT_FRAME + 1, 1); /* by one */
	send_raw(fds[1], "\1\0", 2, 2);            /* two descriptors */
	send_raw(fds[1], "\1\0", 2, 8);            /* eight */
	turns();
	assert_int_equal(a.frames, 0);
	assert_int_equal(a.closes, 0); /* none of it ends the link */
	send_raw(fds[1], big, LIMIT_FRAME, 0);
	send_raw(fds[1], "\2\0", 2, 1);
	turns();
	assert_int_equal(a.frames, 2);
	assert_int_equal(a.bytes, LIMIT_FRAME - 2);
	assert_true(a.fd >= 0);
	close(a.fd);
	send_raw(fds[1], "", 0, 0); /* cannot be told from the end */
	turns();
	assert_int_equal(a.closes, 1);
	link_free(a.link);
	close(fds[1]);
}

static void test_hostile(void **state)
{
	(void)state;
	with(main_hostile);
}

static void main_freed_within(struct loop *l, void *arg)
{
	int fds[2];
	struct end a = end_new(l);
	struct end b = end_new(l);

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	a.free_in_frame = true;
	b.free_in_close = true;
	end_start(&a, fds[0]);
	end_start(&b, fds[1]);
	send_number(b.link, 0, OK);
	send_number(b.link, 1, OK);
	turns();
	assert_int_equal(a.frames, 1);
	assert_int_equal(b.closes, 1);
}

static void test_freed_within(void **state)
{
	(void)state;
	with(main_freed_within);
}

/* link_drain() from within another link's frame, as mail does it. */
struct two {
	struct end later;
	struct end *earlier;
	uint32_t seen;
};

static void on_later(void *arg, struct frame_in *f)
{
	struct two *t = arg;

	(void)f;
	link_drain(t->earlier->link);
	t->seen = t->earlier->frames;
}

static void main_drain(struct loop *l, void *arg)
{
	int first[2];
	int second[2];
	struct end early = end_new(l);
	struct two t = { end_new(l), &early, 0 };

	(void)arg;
	assert_true(is_ok(link_pair(first)));
	assert_true(is_ok(link_pair(second)));
	t.later.link =
		link_new(l, second[0],
	                 (struct link_handler){ on_later, NULL, &t, NULL });
	end_start(&early, first[0]);
	send_raw(first[1], "\1\0", 2, 0);
	send_raw(first[1], "\1\0", 2, 0);
	send_raw(second[1], "\1\0", 2, 0);
	turns();
	assert_int_equal(t.seen, 2);
	link_free(early.link);
	link_free(t.later.link);
	close(first[1]);
	close(second[1]);
}

static void test_drain(void **state)
{
	(void)state;
	with(main_drain);
}

/* -- the waiting forms -- */

struct talk {
	struct link *a;
	struct link *b;
	bool done;
};

static void receive_slowly(void *arg)
{
	struct talk *t = arg;
	struct frame_in in;
	uint32_t n = 0;
	struct err e;

	while (is_ok(e = link_receive(t->b, WAIT_FOREVER, &in))) {
		assert_int_equal(in.type, 9);
		assert_int_equal(read_u32(&in.r), n++);
		assert_int_equal(frame_read_slice(&in, 30000).len, 30000);
		assert_true(frame_is_whole(&in));
		if (n % 10 == 0)
			task_sleep(1);
	}
	assert_int_equal(e.code, ERR_CLOSED);
	assert_int_equal(n, 500);
	t->done = true;
}

static void main_talk(struct loop *l, void *arg)
{
	static char big[30000];
	int fds[2];
	struct talk t = { 0 };
	struct frame_in in;

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	t.a = link_new(l, fds[0], (struct link_handler){ 0 });
	t.b = link_new(l, fds[1], (struct link_handler){ 0 });
	assert_int_equal(link_receive(t.a, 5, &in).code, ERR_TIMEOUT);
	task_spawn(l, receive_slowly, &t);
	for (uint32_t i = 0; i < 500; i++) {
		struct frame_out f;

		frame_begin(&f, 9);
		frame_u32(&f, i);
		frame_slice(&f, slice_of(big, sizeof big));
		assert_true(is_ok(link_send_wait(t.a, &f, -1)));
		assert_true(link_queued(t.a) <= LIMIT_OUTPUT);
	}
	while (link_queued(t.a) != 0)
		task_sleep(1);
	link_free(t.a);
	while (!t.done)
		task_sleep(1);
	link_free(t.b);
}

static void test_waiting_forms(void **state)
{
	(void)state;
	with(main_talk);
}

static void fill_up(void *arg)
{
	static char big[60000];
	struct talk *t = arg;
	struct err e = OK;

	while (is_ok(e)) {
		struct frame_out f;

		frame_begin(&f, 9);
		frame_slice(&f, slice_of(big, sizeof big));
		e = link_send_wait(t->a, &f, -1);
	}
	assert_int_equal(e.code, ERR_CLOSED);
	t->done = true;
}

/* The peer vanishes while a task waits for it to take something. */
static void main_vanish(struct loop *l, void *arg)
{
	int fds[2];
	struct talk t = { 0 };

	(void)arg;
	assert_true(is_ok(link_pair(fds)));
	t.a = link_new(l, fds[0], (struct link_handler){ 0 });
	task_spawn(l, fill_up, &t);
	turns();
	assert_false(t.done);
	close(fds[1]);
	while (!t.done)
		task_sleep(1);
	link_free(t.a);
}

static void test_vanish(void **state)
{
	(void)state;
	with(main_vanish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_freed_within),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_waiting_forms),
		cmocka_unit_test(test_vanish),
	};

	log_init("test", LOG_LEVEL_ERROR);
	/* libuv keeps two descriptors of its first loop for ever */
	task_run_main(do_nothing, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
