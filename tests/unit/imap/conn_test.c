/*
 * conn_test.c -- a session behind a real socket: greeting, a command, IDLE
 * that is woken by another, BYE, the peer's end.
 */
#include "imap/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mailbox/account.h"
#include "task/stream.h"

enum { READ_MS = 60000 };

struct house {
	struct loop *loop;
	char dir[40];
	struct partition *partition;
	struct model *model;
	struct session_config config;
	int ended;
	int left_fd; /* of a client that is somebody else's now */
	struct buf unread;
};

static void on_end(void *arg, const struct conn_left *left)
{
	struct house *h = arg;

	h->ended++;
	if (left == NULL)
		return;
	h->left_fd = left->fd;
	buf_add(&h->unread, left->unread);
}

static void house_open(struct house *h, struct loop *loop)
{
	struct partition_options options = { .map_bytes = 64 << 20 };

	*h = (struct house){ .loop = loop,
		             .dir = "/dev/shm/roost-conn-XXXXXX" };
	assert_non_null(mkdtemp(h->dir));
	assert_true(is_ok(partition_make(h->dir)));
	assert_true(
		is_ok(partition_open(loop, h->dir, options, &h->partition)));
	h->model = model_new(h->partition, &system_clock);
	h->config = (struct session_config){ .clock = &system_clock,
		                             .model = h->model,
		                             .message_limit_bytes = 1 << 20,
		                             .write_seconds = 300 };
	assert_true(is_ok(account_create(h->model, 1, S("a@example.org"))));
}

static void house_close(struct house *h)
{
	model_free(h->model);
	partition_close(h->partition);
	remove_all(h->dir);
}

/* A client: the other end of a connection, its greeting read. */
struct client {
	struct conn *conn;
	struct stream *stream;
};

static void say(struct client *c, const char *text)
{
	assert_true(is_ok(stream_queue(c->stream, slice_cstr(text))));
	assert_true(is_ok(stream_flush(c->stream)));
}

/* What comes next, within READ_MS; ERR_CLOSED at the end. */
static struct err next_bytes(struct client *c, void *to, size_t size,
                             size_t *got)
{
	struct err e = stream_read(c->stream, to, size, got);

	for (int ms = 0; is_ok(e) && *got == 0 && ms < READ_MS; ms++) {
		task_sleep(1);
		e = stream_read(c->stream, to, size, got);
	}
	return e;
}

/* Reads until what came ends in `tail`. */
static void hear(struct client *c, const char *tail)
{
	struct buf all = { 0 };

	while (!slice_ends(buf_slice(&all), slice_cstr(tail))) {
		char *to = buf_room(&all, 4096);
		size_t got;
		struct err e = next_bytes(c, to, 4096, &got);

		all.len += is_ok(e) ? got : 0;
		if (!is_ok(e) || got == 0)
			fail_msg("wanted %s, got %.*s", tail, (int)all.len,
			         all.data);
	}
	buf_free(&all);
}

static void hear_end(struct client *c)
{
	char byte;
	size_t got;

	assert_int_equal(next_bytes(c, &byte, 1, &got).code, ERR_CLOSED);
}

static struct client client_open_as(struct house *h,
                                    const struct identity *visitor)
{
	struct session_start start = { .config = &h->config,
		                       .visitor = visitor,
		                       .session_id = S("0"),
		                       .login_tag = S("in"),
		                       .input = S("a0 NOOP\r\n") };
	struct client c;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_true(is_ok(account_open(h->model, 1, &start.account)));
	c.stream = stream_new(h->loop, fd[0]);
	c.conn = conn_start(h->loop, fd[1], &start, on_end, h);
	hear(&c, "a0 OK NOOP completed\r\n");
	return c;
}

static struct client client_open(struct house *h)
{
	return client_open_as(h, NULL);
}

/* behaviour 184: several IDLE sessions live together, and all are told */
static void test_idle(struct house *h)
{
	struct client a = client_open(h);
	struct client b = client_open(h);
	struct session_facts facts;

	say(&a, "a1 SELECT INBOX\r\na2 IDLE\r\n");
	hear(&a, "+ idling\r\n");
	say(&b, "b1 SELECT INBOX\r\nb2 IDLE\r\n");
	hear(&b, "+ idling\r\n");
	conn_facts(a.conn, &facts);
	assert_true(facts.idling);
	assert_true(slice_eq(facts.mailbox, S("INBOX")));
	say(&b, "DONE\r\nb3 APPEND INBOX {4+}\r\nhi\r\n\r\n");
	hear(&b, "APPEND completed\r\n");
	hear(&a, "* 1 EXISTS\r\n");

	/* behaviour 22: shutdown says BYE to idle sessions */
	conn_say_bye(a.conn, "server is going down");
	hear(&a, "* BYE server is going down\r\n");
	hear_end(&a);
	stream_free(a.stream);

	/* the peer just goes */
	stream_free(b.stream);
	while (h->ended != 2)
		task_sleep(1);
}

/* behaviour 21: the end comes after autologout only; here by hand */
static void test_logout(struct house *h)
{
	struct client a = client_open(h);

	h->ended = 0;
	say(&a, "a1 LOGOUT\r\n");
	hear(&a, "* BYE logging out\r\na1 OK LOGOUT completed\r\n");
	hear_end(&a);
	stream_free(a.stream);
	while (h->ended != 1)
		task_sleep(1);
}

/* A clock that says what it is told. */
struct set_clock {
	struct clock clock;
	uint64_t ms;
};

static uint64_t set_mono_ms(const struct clock *c)
{
	return ((const struct set_clock *)c)->ms;
}

static int64_t set_wall_s(const struct clock *c)
{
	(void)c;
	return 1767225600;
}

/* Half a command does not count; it makes the session look at the clock. */
static void test_autologout(struct house *h)
{
	enum { MOST = LIMIT_AUTOLOGOUT_SECONDS * 1000 };
	struct set_clock clock = { { set_mono_ms, set_wall_s }, 1000 };
	struct client a;
	uint64_t since;

	h->ended = 0;
	h->config.clock = &clock.clock;
	a = client_open(h);
	clock.ms += MOST - 1000;
	say(&a, "a1 NO");
	task_sleep(50);
	say(&a, "OP\r\n");
	hear(&a, "a1 OK NOOP completed\r\n");
	clock.ms += MOST - 50;
	since = loop_now_ms(h->loop);
	say(&a, "a2 NO");
	hear(&a, "* BYE autologout: idle for too long\r\n");
	hear_end(&a);
	assert_true(loop_now_ms(h->loop) - since >= 50);
	stream_free(a.stream);
	while (h->ended != 1)
		task_sleep(1);
}

/* A visit stays as long as the session that it belongs to. */
static void test_visit(struct house *h)
{
	const struct identity visitor = { .account = 2, .name = S("b") };
	struct set_clock clock = { { set_mono_ms, set_wall_s }, 1000 };
	struct client a;

	h->ended = 0;
	h->config.clock = &clock.clock;
	a = client_open_as(h, &visitor);
	clock.ms += LIMIT_AUTOLOGOUT_SECONDS * 1000 - 10;
	say(&a, "a1 NO");
	task_sleep(50);
	clock.ms += LIMIT_AUTOLOGOUT_SECONDS * 1000;
	say(&a, "OP\r\n");
	hear(&a, "a1 OK NOOP completed\r\n");
	stream_free(a.stream);
	while (h->ended != 1)
		task_sleep(1);
}

static void append(struct client *c, size_t size)
{
	struct buf text = { 0 };

	buf_printf(&text, "a1 APPEND INBOX {%zu+}\r\n", size);
	for (size_t i = 0; i < size; i++)
		buf_byte(&text, 'x');
	buf_add(&text, S("\r\n"));
	assert_true(is_ok(stream_queue(c->stream, buf_slice(&text))));
	buf_free(&text);
	hear(c, "APPEND completed\r\n");
}

/* A client that must go, amid an answer that it does not take. */
static void test_dismiss(struct house *h)
{
	struct client a = client_open(h);
	uint64_t since;
	size_t got;
	char byte;

	h->ended = 0;
	append(&a, 900000);
	say(&a, "a2 SELECT INBOX\r\n");
	hear(&a, "SELECT completed\r\n");
	say(&a, "a3 FETCH 1 BODY[]\r\na4 NOOP\r\n");
	while (is_ok(stream_read(a.stream, &byte, 1, &got)) && got == 0)
		task_sleep(1);
	conn_dismiss(a.conn, "out");
	since = loop_now_ms(h->loop);
	while (h->ended != 1 && loop_now_ms(h->loop) - since < READ_MS)
		task_sleep(1);
	assert_int_equal(h->ended, 1);
	assert_true(loop_now_ms(h->loop) - since >= LIMIT_DISMISS_MS);
	stream_free(a.stream);
}

static void run(struct loop *loop, void *arg)
{
	struct house h;

	house_open(&h, loop);
	((void (*)(struct house *))arg)(&h);
	house_close(&h);
}

static void test_conn_idle(void **state)
{
	(void)state;
	task_run_main(run, test_idle);
}

static void test_conn_logout(void **state)
{
	(void)state;
	task_run_main(run, test_logout);
}

static void test_conn_autologout(void **state)
{
	(void)state;
	task_run_main(run, test_autologout);
}

static void test_conn_visit(void **state)
{
	(void)state;
	task_run_main(run, test_visit);
}

static void test_conn_dismiss(void **state)
{
	(void)state;
	task_run_main(run, test_dismiss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conn_idle),
		cmocka_unit_test(test_conn_logout),
		cmocka_unit_test(test_conn_autologout),
		cmocka_unit_test(test_conn_visit),
		cmocka_unit_test(test_conn_dismiss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
