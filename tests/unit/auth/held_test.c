/*
 * held_test.c -- a verdict never overtakes the ticket it is about, however
 * slow the mail process; and it goes out when that process has gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../turns.h"
#include "auth/internal.h"
#include "base/mem.h"

enum { QUEUED_AT_LEAST = 10000 };

struct ends {
	struct peer *mail;
	struct peer *gate;
	int mail_fd; /* what the mail process would read */
	int gate_fd;
};

static void ignore_frame(void *arg, struct frame_in *f)
{
	(void)arg;
	(void)f;
}

static void on_drain(void *arg)
{
	held_release(arg);
}

static struct peer *peer(struct loop *loop, int *other)
{
	struct peer *p = mem_new(1, sizeof *p);
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	*other = fds[1];
	p->references = 1;
	p->held_last = &p->held;
	p->link = link_new(loop, fds[0],
	                   (struct link_handler){ .on_frame = ignore_frame,
	                                          .arg = p,
	                                          .on_drain = on_drain });
	return p;
}

static struct ends ends_new(struct loop *loop)
{
	struct ends e;

	e.mail = peer(loop, &e.mail_fd);
	e.gate = peer(loop, &e.gate_fd);
	return e;
}

static void drop_link(struct peer *p)
{
	link_free(p->link);
	p->link = NULL;
}

/* The verdicts of a gate that has gone may hold the last reference. */
static void ends_free(struct ends *e)
{
	if (e->mail->link != NULL)
		drop_link(e->mail);
	if (e->gate->link != NULL)
		drop_link(e->gate);
	assert_int_equal(e->gate->references, 1);
	free(e->mail);
	free(e->gate);
	close(e->mail_fd);
	close(e->gate_fd);
}

static struct frame_out frame(uint64_t number)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_VERDICT);
	frame_u64(&f, number);
	return f;
}

/* Tickets until the kernel takes no more of them. */
static void fill(struct peer *mail)
{
	while (link_queued(mail->link) < QUEUED_AT_LEAST) {
		struct frame_out f = frame(0);

		assert_true(is_ok(link_send(mail->link, &f, -1)));
	}
}

static bool receives(int fd)
{
	char bytes[64];

	return recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
}

static void verdict(struct ends *e, uint64_t number)
{
	struct frame_out f = frame(number);

	held_send(e->mail, e->gate, &f);
}

static void with_nothing_queued(struct loop *loop, void *arg)
{
	struct ends e = ends_new(loop);

	(void)arg;
	verdict(&e, 1);
	assert_true(receives(e.gate_fd));
	ends_free(&e);
}

static void behind_a_queue(struct loop *loop, void *arg)
{
	struct ends e = ends_new(loop);

	(void)arg;
	fill(e.mail);
	verdict(&e, 1);
	verdict(&e, 2);
	turns();
	assert_false(receives(e.gate_fd));
	while (link_queued(e.mail->link) != 0) {
		assert_false(receives(e.gate_fd));
		while (receives(e.mail_fd))
			;
		task_yield();
	}
	assert_true(receives(e.gate_fd));
	assert_true(receives(e.gate_fd));
	ends_free(&e);
}

static void mail_goes(struct loop *loop, void *arg)
{
	struct ends e = ends_new(loop);

	(void)arg;
	fill(e.mail);
	verdict(&e, 1);
	drop_link(e.mail);
	held_release(e.mail);
	assert_true(receives(e.gate_fd));
	ends_free(&e);
}

static void gate_goes(struct loop *loop, void *arg)
{
	struct ends e = ends_new(loop);

	(void)arg;
	fill(e.mail);
	verdict(&e, 1);
	drop_link(e.gate);
	held_release(e.mail);
	ends_free(&e);
}

static void test_held(void **state)
{
	static void (*const cases[])(struct loop *, void *) = {
		with_nothing_queued,
		behind_a_queue,
		mail_goes,
		gate_goes,
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		task_run_main(cases[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_held) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
