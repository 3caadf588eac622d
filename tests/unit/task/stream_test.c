/*
 * stream_test.c -- what a slow, silent or vanished peer costs.
 * LIMIT_OUTPUT, LIMIT_WRITE_SECONDS
 */
#include "task/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../turns.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

struct pair {
	struct loop *loop;
	struct stream *ours;
	int peer;
	struct err result;
	size_t count;
	bool done;
};

static struct pair pair_new(struct loop *l)
{
	struct pair p = { .loop = l };
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	p.ours = stream_new(l, fds[0]);
	p.peer = fds[1];
	return p;
}

static void pair_free(struct pair *p)
{
	stream_free(p->ours);
	if (p->peer >= 0)
		close(p->peer);
}

static void with(void (*fn)(struct loop *, void *))
{
	task_run_main(fn, NULL);
}

/* -- reading -- */

static void main_read(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	char text[16];
	size_t got;

	(void)arg;
	assert_true(is_ok(stream_read(p.ours, text, 16, &got)));
	assert_int_equal(got, 0);
	assert_int_equal(write(p.peer, "hello", 5), 5);
	assert_true(is_ok(stream_read(p.ours, text, 2, &got)));
	assert_int_equal(got, 2);
	assert_true(is_ok(stream_read(p.ours, text + 2, 14, &got)));
	assert_int_equal(got, 3);
	assert_memory_equal(text, "hello", 5);
	close(p.peer);
	p.peer = -1;
	assert_int_equal(stream_read(p.ours, text, 16, &got).code, ERR_CLOSED);
	pair_free(&p);
}

static void test_read(void **state)
{
	(void)state;
	with(main_read);
}

static void on_readable(void *arg)
{
	struct pair *p = arg;

	assert_false(task_is_inside());
	p->count++;
}

/* So often, and then no more. */
static void await_count(const struct pair *p, size_t n)
{
	while (p->count < n)
		task_sleep(1);
	turns();
	assert_int_equal(p->count, n);
}

static void main_on_readable(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	char text[16];
	size_t got;

	(void)arg;
	stream_on_readable(p.ours, on_readable, &p);
	turns();
	assert_int_equal(p.count, 0);
	assert_int_equal(write(p.peer, "a", 1), 1);
	await_count(&p, 1); /* once, though nothing was read */
	stream_on_readable(p.ours, on_readable, &p);
	await_count(&p, 2); /* what is there already counts */
	assert_true(is_ok(stream_read(p.ours, text, 16, &got)));
	stream_on_readable(p.ours, on_readable, &p);
	stream_on_readable(p.ours, NULL, NULL);
	assert_int_equal(write(p.peer, "b", 1), 1);
	turns();
	assert_int_equal(p.count, 2); /* cancelled */
	stream_on_readable(p.ours, on_readable, &p);
	close(p.peer);
	p.peer = -1;
	await_count(&p, 3); /* the end */
	stream_on_readable(p.ours, on_readable, &p);
	stream_abort(p.ours);
	assert_int_equal(p.count, 3); /* on the loop, not here */
	await_count(&p, 4);
	pair_free(&p);
}

static void test_on_readable(void **state)
{
	(void)state;
	with(main_on_readable);
}

/* -- writing -- */

enum { PIECE = 4096, PIECES = 1000 };

/* As a session does. */
static struct err write_bounded(struct stream *s, struct slice bytes)
{
	struct err e = stream_queue(s, bytes);

	return is_ok(e) ? stream_wait(s, LIMIT_OUTPUT) : e;
}

static void write_pieces(void *arg)
{
	struct pair *p = arg;
	char piece[PIECE];

	for (size_t i = 0; i < PIECES && is_ok(p->result); i++) {
		memset(piece, (int)(i & 0xff), sizeof piece);
		p->result = write_bounded(p->ours, slice_of(piece, PIECE));
		assert_true(stream_queued(p->ours) <= LIMIT_OUTPUT + PIECE);
		p->count++;
	}
	if (is_ok(p->result))
		p->result = stream_flush(p->ours);
	p->done = true;
}

/* The peer takes 4 MB in small bites: all arrives, in order, and the queue
 * stays within its bound all the time. */
static void main_slow(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	size_t total = 0;
	char bite[3000];

	(void)arg;
	task_spawn(l, write_pieces, &p);
	task_sleep(20);
	assert_false(p.done);
	while (total < (size_t)PIECE * PIECES) {
		ssize_t n = read(p.peer, bite, sizeof bite);

		assert_true(stream_queued(p.ours) <= LIMIT_OUTPUT + PIECE);
		if (n <= 0) {
			task_sleep(1);
			continue;
		}
		for (ssize_t i = 0; i < n; i++, total++)
			assert_int_equal((uint8_t)bite[i],
			                 total / PIECE & 0xff);
	}
	while (!p.done)
		task_sleep(1);
	assert_true(is_ok(p.result));
	assert_int_equal(stream_queued(p.ours), 0);
	pair_free(&p);
}

static void test_slow_reader(void **state)
{
	(void)state;
	with(main_slow);
}

static void main_stuck(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	char text[1];
	size_t got;

	(void)arg;
	stream_set_write_timeout(p.ours, 30);
	task_spawn(l, write_pieces, &p);
	while (!p.done)
		task_sleep(1);
	assert_true(p.count < PIECES);
	assert_int_equal(p.result.code, ERR_TIMEOUT);
	assert_int_equal(write_bounded(p.ours, S("x")).code, ERR_TIMEOUT);
	assert_int_equal(stream_read(p.ours, text, 1, &got).code, ERR_TIMEOUT);
	assert_int_equal(stream_queued(p.ours), 0);
	pair_free(&p);
}

static void test_takes_nothing(void **state)
{
	(void)state;
	with(main_stuck);
}

/* The same when no task is waiting any more: the owner hears of it. */
static void main_stuck_idle(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	char *much = mem_new(1, 1 << 20);

	(void)arg;
	stream_set_write_timeout(p.ours, 30);
	while (stream_queued(p.ours) == 0)
		assert_true(
			is_ok(write_bounded(p.ours, slice_of(much, 60000))));
	free(much);
	stream_on_readable(p.ours, on_readable, &p);
	await_count(&p, 1);
	assert_int_equal(stream_queued(p.ours), 0);
	pair_free(&p);
}

static void test_takes_nothing_idle(void **state)
{
	(void)state;
	with(main_stuck_idle);
}

static void main_abort(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	char text[16];
	size_t got;

	(void)arg;
	task_spawn(l, write_pieces, &p);
	task_sleep(10);
	assert_false(p.done);
	stream_abort(p.ours);
	while (!p.done)
		task_sleep(1);
	assert_int_equal(p.result.code, ERR_CLOSED);
	assert_int_equal(stream_read(p.ours, text, 16, &got).code, ERR_CLOSED);
	pair_free(&p);
}

static void test_abort(void **state)
{
	(void)state;
	with(main_abort);
}

static void main_gone(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);

	(void)arg;
	close(p.peer);
	p.peer = -1;
	assert_true(is_ok(write_bounded(p.ours, S("into the void"))));
	assert_int_equal(stream_flush(p.ours).code, ERR_CLOSED);
	assert_int_equal(write_bounded(p.ours, S("x")).code, ERR_CLOSED);
	pair_free(&p);
}

static void test_peer_gone(void **state)
{
	(void)state;
	with(main_gone);
}

/* Small writes of one turn leave as one. */
static void main_gather(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);
	char text[64];

	(void)arg;
	assert_true(is_ok(write_bounded(p.ours, S("one "))));
	assert_true(is_ok(write_bounded(p.ours, S("two "))));
	assert_true(is_ok(write_bounded(p.ours, S("three"))));
	assert_int_equal(read(p.peer, text, sizeof text), -1);
	turns();
	assert_int_equal(read(p.peer, text, sizeof text), 13);
	assert_memory_equal(text, "one two three", 13);
	pair_free(&p);
}

static void test_gather(void **state)
{
	(void)state;
	with(main_gather);
}

/* Freed in the same turn in which it was written to. */
static void main_free(struct loop *l, void *arg)
{
	struct pair p = pair_new(l);

	(void)arg;
	assert_true(is_ok(write_bounded(p.ours, S("never sent"))));
	stream_on_readable(p.ours, on_readable, &p);
	stream_abort(p.ours);
	pair_free(&p);
	turns();
	assert_int_equal(p.count, 0);
}

static void test_freed_early(void **state)
{
	(void)state;
	with(main_free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_on_readable),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_takes_nothing),
		cmocka_unit_test(test_takes_nothing_idle),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_peer_gone),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_freed_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
