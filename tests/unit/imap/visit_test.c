/*
 * visit_test.c -- a session whose visits are not what they should be: too
 * many, gone amid an answer, or talking without end.
 */
#include "imap/visit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "../turns.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "imap/session.h"
#include "task/stream.h"

/* What the visits do when they have greeted and got a command. */
enum manner { ANSWER, DIE, TALK, TALK_TOO_LONG, SAY_NOTHING };

struct house {
	char dir[40];
	struct loop *loop;
	struct partition *partition;
	struct session_config config;
	struct visit_office office;
	struct grant_listener *listeners;
	struct session *session;
	struct buf in;
	struct buf out;
	enum manner manner;
	unsigned visits; /* open now */
	bool has_left;   /* the client */
	bool hang_up;    /* all visits end */
};

/* -- a visit -- */

struct fake {
	struct house *house;
	struct stream *stream;
};

static void say_line(struct stream *to, size_t size)
{
	struct buf line = { 0 };

	buf_add(&line, S("* OK "));
	while (line.len < size)
		buf_byte(&line, 'x');
	for (struct slice rest = buf_slice(&line); rest.len != 0;
	     rest = slice_from(rest, 1 << 20))
		if (!is_ok(stream_queue(to, slice_first(rest, 1 << 20))) ||
		    !is_ok(stream_wait(to, 1 << 20)))
			break;
	buf_free(&line);
}

/* With the tag of what it got. */
static bool answer(struct fake *f, struct slice text)
{
	struct slice tag, rest;
	struct buf line = { 0 };
	struct err e;

	slice_cut(text, ' ', &tag, &rest);
	buf_add(&line, tag);
	buf_add(&line, S(" OK there\r\n"));
	e = stream_queue(f->stream, buf_slice(&line));
	buf_free(&line);
	return is_ok(e);
}

static bool behave(struct fake *f, struct slice text)
{
	switch (f->house->manner) {
	case DIE:
		stream_queue(f->stream, S("* STATUS ("));
		return false;
	case TALK:
		say_line(f->stream, LIMIT_VISIT_LINE - 64);
		stream_queue(f->stream, S("\r\n"));
		break;
	case TALK_TOO_LONG:
		say_line(f->stream, LIMIT_VISIT_LINE + (1 << 20));
		break;
	case SAY_NOTHING:
		return true;
	case ANSWER:
		break;
	}
	return answer(f, text);
}

static void play(void *arg)
{
	struct fake *f = arg;
	char text[4096];
	size_t got = 0;

	stream_queue(f->stream, S(ERRAND " OK hello\r\n"));
	while (is_ok(stream_read(f->stream, text, sizeof text, &got))) {
		if (f->house->hang_up)
			break;
		if (got != 0 && !behave(f, slice_of(text, got)))
			break;
		task_sleep(1);
	}
	stream_flush(f->stream);
	stream_free(f->stream);
	f->house->visits--;
	free(f);
}

static struct err office_open(void *ctx, uint64_t account,
                              struct slice session_id, bool shared,
                              struct slice owner, int *fd)
{
	struct house *h = ctx;
	struct fake *f = mem_new(1, sizeof *f);
	int fds[2];

	assert_int_equal(account, 1);
	assert_int_equal(session_id.len, 16);
	assert_false(shared);
	assert_true(slice_ends(owner, S("@example.org")));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	*f = (struct fake){ h, stream_new(h->loop, fds[0]) };
	h->visits++;
	task_spawn(h->loop, play, f);
	*fd = fds[1];
	return OK;
}

/* -- the session -- */

static struct err house_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct house *h = ctx;

	*got = h->in.len < size ? h->in.len : size;
	if (*got != 0)
		memcpy(to, h->in.data, *got);
	buf_drop(&h->in, *got);
	return OK;
}

static struct err house_write(void *ctx, struct slice bytes)
{
	struct house *h = ctx;

	if (h->has_left)
		return err(ERR_CLOSED, "gone");
	buf_add(&h->out, bytes);
	return OK;
}

static bool house_is_leaving(void *ctx)
{
	return ((struct house *)ctx)->has_left;
}

static void house_wake(void *arg)
{
	(void)arg;
}

static void house_open(struct house *h, struct loop *loop)
{
	struct partition_options options = { .map_bytes = 64 << 20 };
	struct session_start start = {
		.config = &h->config,
		.io = { .read = house_read,
		        .write = house_write,
		        .ctx = h,
		        .is_leaving = house_is_leaving },
		.session_id = S("0123456789abcdef"),
		.login_tag = S("a"),
		.wake = house_wake,
		.wake_arg = h,
	};

	*h = (struct house){ .dir = "/dev/shm/roost-visit-XXXXXX",
		             .loop = loop };
	h->office = (struct visit_office){ .open = office_open,
		                           .ctx = h,
		                           .listeners = &h->listeners };
	assert_non_null(mkdtemp(h->dir));
	assert_true(is_ok(partition_make(h->dir)));
	assert_true(
		is_ok(partition_open(loop, h->dir, options, &h->partition)));
	h->config = (struct session_config){
		.clock = &system_clock,
		.model = model_new(h->partition, &system_clock),
		.visits = &h->office,
		.message_limit_bytes = 1 << 20,
	};
	assert_true(
		is_ok(account_create(h->config.model, 1, S("a@example.org"))));
	assert_true(is_ok(account_open(h->config.model, 1, &start.account)));
	h->session = session_new(&start);
}

/* So many, and no more. */
static void await_visits(struct house *h, unsigned n)
{
	while (h->visits != n)
		task_sleep(1);
	turns();
	assert_int_equal(h->visits, n);
}

static void house_close(struct house *h)
{
	session_free(h->session);
	await_visits(h, 0);
	buf_free(&h->in);
	buf_free(&h->out);
	model_free(h->config.model);
	partition_close(h->partition);
	remove_all(h->dir);
}

static void say(struct house *h, const char *text)
{
	h->out.len = 0;
	buf_add(&h->in, slice_cstr(text));
	assert_int_equal(session_run(h->session), SESSION_WAITING);
	buf_byte(&h->out, '\0');
}

static void assert_ends(struct house *h, const char *text)
{
	if (!slice_ends(buf_slice(&h->out), slice_of(text, strlen(text) + 1)))
		fail_msg("wanted %s at the end of %.200s", text, h->out.data);
}

static void ask(struct house *h, unsigned owner)
{
	char line[80];

	snprintf(line, sizeof line,
	         "a STATUS \"Other Users/u%u@example.org/X\" (SIZE)\r\n",
	         owner);
	say(h, line);
}

/* -- the tests -- */

/* The one more takes the place of the one not used for longest. */
static void test_number(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	for (unsigned i = 0; i < LIMIT_VISITS; i++) {
		ask(&h, i);
		assert_ends(&h, "a OK there\r\n");
		assert_int_equal(h.visits, i + 1);
	}
	ask(&h, 1);
	assert_int_equal(h.visits, LIMIT_VISITS);
	ask(&h, LIMIT_VISITS);
	assert_ends(&h, "a OK there\r\n");
	await_visits(&h, LIMIT_VISITS);
	house_close(&h);
}

static void test_gone(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	h.manner = DIE;
	ask(&h, 1);
	assert_ends(&h, "a NO [UNAVAILABLE] the mailbox is out of reach\r\n");
	say(&h, "a NOOP\r\n");
	assert_string_equal(h.out.data, "a OK NOOP completed\r\n");
	h.manner = ANSWER;
	ask(&h, 1);
	assert_string_equal(h.out.data, "a OK there\r\n");
	house_close(&h);
}

static void test_line(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	h.manner = TALK;
	ask(&h, 1);
	assert_ends(&h, "xxx\r\na OK there\r\n");
	assert_true(h.out.len > LIMIT_VISIT_LINE - 128);
	h.manner = TALK_TOO_LONG;
	ask(&h, 1);
	assert_ends(&h, "a NO [LIMIT] a response is too long\r\n");
	assert_true(h.out.len < 200);
	house_close(&h);
}

/* Nobody is there to be told what a visit may yet find. */
static void test_client_gone(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	h.manner = SAY_NOTHING;
	say(&h, "b NOOP\r\n");
	h.has_left = true;
	buf_add(&h.in, S("a ESEARCH IN (mailboxes "
	                 "\"Other Users/u1@example.org/X\") TEXT x\r\n"));
	assert_int_equal(session_run(h.session), SESSION_OVER);
	while (h.visits != 0)
		task_sleep(1);
	house_close(&h);
}

static void search_owners(struct house *h, unsigned n)
{
	struct buf line = { 0 };

	buf_add(&line, S("a ESEARCH IN (mailboxes "));
	for (unsigned i = 0; i < n; i++)
		buf_printf(&line, "%s\"Other Users/u%u@example.org/X\"",
		           i == 0               ? "("
		           : i == LIMIT_SOURCES ? ") mailboxes ("
		                                : " ",
		           i);
	buf_add(&line, S(")) ALL\r\n"));
	buf_byte(&line, '\0');
	say(h, line.data);
	buf_free(&line);
}

/* One after the other. */
static void test_owners(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	search_owners(&h, LIMIT_OWNERS);
	assert_ends(&h, "\r\na OK ESEARCH completed\r\n");
	await_visits(&h, LIMIT_VISITS);
	search_owners(&h, LIMIT_OWNERS + 1);
	assert_string_equal(h.out.data,
	                    "a NO [LIMIT] too many owners of mailboxes\r\n");
	house_close(&h);
}

static void notify_owners(struct house *h, unsigned n)
{
	struct buf line = { 0 };

	buf_add(&line, S("a NOTIFY SET (MAILBOXES ("));
	for (unsigned i = 0; i < n; i++)
		buf_printf(&line, "%s\"Other Users/u%u@example.org/X\"",
		           i == 0 ? "" : " ", i);
	buf_add(&line, S(") (MailboxName))\r\n"));
	buf_byte(&line, '\0');
	say(h, line.data);
	buf_free(&line);
}

/* So many owners can be watched; who is one of more asks in vain, and has what
 * was asked for before. */
static void test_watches(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	notify_owners(&h, LIMIT_WATCHES);
	assert_ends(&h, "\r\na OK NOTIFY completed\r\n");
	assert_int_equal(h.visits, LIMIT_WATCHES);
	notify_owners(&h, LIMIT_WATCHES + 1);
	assert_string_equal(h.out.data,
	                    "a NO [NOTIFICATIONOVERFLOW] too many owners of "
	                    "mailboxes\r\n");
	await_visits(&h, LIMIT_WATCHES);
	say(&h, "a NOTIFY NONE\r\n");
	await_visits(&h, 0);
	house_close(&h);
}

/* One that ends has missed something. */
static void test_watch_gone(struct loop *loop)
{
	struct house h;

	house_open(&h, loop);
	notify_owners(&h, 2);
	h.manner = DIE;
	ask(&h, 7); /* another visit: it has nothing to do with it */
	assert_ends(&h, "a NO [UNAVAILABLE] the mailbox is out of reach\r\n");
	say(&h, "a NOOP\r\n");
	assert_string_equal(h.out.data, "a OK NOOP completed\r\n");
	h.hang_up = true;
	turns();
	h.hang_up = false;
	say(&h, "a NOOP\r\n");
	assert_string_equal(
		h.out.data,
		"* OK [NOTIFICATIONOVERFLOW] Too much news, ask again\r\n"
		"a OK NOOP completed\r\n");
	say(&h, "a NOOP\r\n");
	assert_string_equal(h.out.data, "a OK NOOP completed\r\n");
	house_close(&h);
}

static void run(struct loop *loop, void *arg)
{
	(*(void (**)(struct loop *))arg)(loop);
}

static void in_task(void **state)
{
	task_run_main(run, state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(in_task, test_number),
		cmocka_unit_test_prestate(in_task, test_gone),
		cmocka_unit_test_prestate(in_task, test_line),
		cmocka_unit_test_prestate(in_task, test_client_gone),
		cmocka_unit_test_prestate(in_task, test_owners),
		cmocka_unit_test_prestate(in_task, test_watches),
		cmocka_unit_test_prestate(in_task, test_watch_gone),
	};

	log_init("visit_test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
