/*
 * lmtp_test.c -- LMTP through a gate process: who is asked, what reaches
 * which partition, and what the client hears of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "client.h"
#include "house.h"

static const struct gate_options options = {
	.hostname = { "mx", 2 },
	.message_limit_bytes = 64 << 20,
	.limits = { 20, 60, 200, 8192, 3, 60, 300 },
};

static int setup(void **state)
{
	struct house *h = calloc(1, sizeof *h);

	house_open(h, &options);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	house_close(*state);
	free(*state);
	return 0;
}

static void expect(struct client *c, const char *line)
{
	assert_string_equal(client_line(c), line);
}

static struct client *greeted(struct house *h)
{
	struct client *c = client_new(h->lmtp_port);

	expect(c, "220 mx roost LMTP ready");
	client_say(c, "LHLO test\r\n");
	for (int i = 0; i < 5; i++)
		client_line(c);
	expect(c, "250 ENHANCEDSTATUSCODES");
	return c;
}

/* auth's answer to the next LOOKUP, which must be for `who` */
static void look_up(struct house *h, const char *who, enum err_code code,
                    uint32_t partition)
{
	struct packet *p = malloc(sizeof *p);
	struct frame_out f = { 0 };
	uint64_t request;

	assert_true(packet_receive(h->auth, p));
	assert_int_equal(p->f.type, FRAME_LOOKUP);
	request = read_u64(&p->f.r);
	assert_true(slice_eq(frame_read_slice(&p->f, 600), slice_cstr(who)));
	assert_true(frame_is_whole(&p->f));
	free(p);
	frame_begin(&f, FRAME_FOUND);
	frame_u64(&f, request);
	frame_u8(&f, (uint8_t)code);
	frame_u64(&f, 100 + partition);
	frame_u32(&f, partition);
	frame_slice(&f, slice_cstr(who));
	frame_slice(&f, S("detail"));
	packet_send(h->auth, &f, -1);
}

/* Our end of the delivery link that must come now. */
static int delivery(int mail)
{
	struct packet *p = malloc(sizeof *p);
	int fd;

	assert_true(packet_receive(mail, p));
	assert_int_equal(p->f.type, FRAME_DELIVER);
	fd = p->f.fd;
	assert_true(fd >= 0);
	assert_true(slice_starts(frame_read_slice(&p->f, PEER_TEXT),
	                         S("127.0.0.1:")));
	assert_true(frame_is_whole(&p->f));
	free(p);
	return fd;
}

static void expect_message(int link, uint32_t wanted_n, const char *first)
{
	struct packet *p = malloc(sizeof *p);
	uint32_t n;

	assert_true(packet_receive(link, p));
	assert_int_equal(p->f.type, FRAME_MESSAGE);
	assert_true(slice_eq(frame_read_slice(&p->f, 600), S("s@x")));
	n = read_u32(&p->f.r);
	assert_int_equal(n, wanted_n);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(read_u64(&p->f.r) >= 100);
		struct slice name = frame_read_slice(&p->f, 600);
		if (i == 0)
			assert_true(slice_eq(name, slice_cstr(first)));
		assert_true(
			slice_eq(frame_read_slice(&p->f, 600), S("detail")));
	}
	assert_int_equal(frame_read_slice(&p->f, 50).len, SESSION_ID_SIZE);
	assert_true(frame_is_whole(&p->f));
	free(p);
}

/* DATA frames up to END; what they hold. */
static struct buf expect_data(int link)
{
	struct packet *p = malloc(sizeof *p);
	struct buf text = { 0 };

	for (;;) {
		assert_true(packet_receive(link, p));
		if (p->f.type == FRAME_END)
			break;
		assert_int_equal(p->f.type, FRAME_DATA);
		buf_add(&text, frame_read_slice(&p->f, LIMIT_FRAME));
		assert_true(frame_is_whole(&p->f));
	}
	free(p);
	return text;
}

static void deliver(int link, uint32_t first, uint32_t n, enum err_code code)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_DELIVERED);
	frame_u32(&f, first);
	frame_u32(&f, n);
	for (uint32_t i = 0; i < n; i++) {
		frame_u8(&f, (uint8_t)code);
		frame_slice(&f, S("text"));
	}
	packet_send(link, &f, -1);
}

static void assert_text(struct buf *text, const char *wanted)
{
	assert_true(slice_eq(buf_slice(text), slice_cstr(wanted)));
	buf_free(text);
}

/* As Postfix does it: one group of commands, then DATA. */
static void test_one_message(void **state)
{
	struct house *h = *state;
	struct client *c = greeted(h);
	struct buf text;
	int link = -1;

	for (int round = 0; round < 2; round++) {
		client_say(c, "MAIL FROM:<s@x> SIZE=9\r\n"
		              "RCPT TO:<bob+detail@x> ORCPT=rfc822;bob@x\r\n"
		              "DATA\r\n");
		look_up(h, "bob+detail@x", ERR_OK, 3);
		expect(c, "250 2.1.0 ok");
		expect(c, "250 2.1.5 ok");
		expect(c, "354 end with CRLF.CRLF");
		if (round == 0)
			link = delivery(h->mail);
		expect_message(link, 1, "bob+detail@x");
		client_say(c, "A: b\r\n\r\n..c\r\n.\r\n");
		text = expect_data(link);
		assert_text(&text, "A: b\r\n\r\n.c\r\n");
		deliver(link, 0, 1, ERR_OK);
		expect(c, "250 2.0.0 delivered");
	}
	client_say(c, "QUIT\r\n");
	expect(c, "221 2.0.0 until next time");
	expect(c, "(end)");
	client_free(c);
	close(link);
}

/* Answers come in the order of RCPT, whatever partition is first; one that
 * dies costs only its own recipients. */
static void test_partitions(void **state)
{
	struct house *h = *state;
	struct client *c = greeted(h);
	struct buf text;
	int link;

	client_say(c, "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\n"
	              "RCPT TO:<c@x>\r\nRCPT TO:<d@x>\r\nRCPT TO:<e@x>\r\n"
	              "DATA\r\n");
	look_up(h, "a@x", ERR_OK, 3);
	look_up(h, "b@x", ERR_OK, 9); /* no such process */
	look_up(h, "c@x", ERR_ABSENT, 0);
	look_up(h, "d@x", ERR_UNAVAILABLE, 0);
	look_up(h, "e@x", ERR_OK, 3);
	expect(c, "250 2.1.0 ok");
	expect(c, "250 2.1.5 ok");
	expect(c, "250 2.1.5 ok");
	expect(c, "550 5.1.1 there is no such user here");
	expect(c, "451 4.3.0 users can't be looked up now");
	expect(c, "250 2.1.5 ok");
	expect(c, "354 end with CRLF.CRLF");
	link = delivery(h->mail);
	expect_message(link, 2, "a@x");
	client_say(c, "x\r\n.\r\n");
	text = expect_data(link);
	assert_text(&text, "x\r\n");
	deliver(link, 1, 1, ERR_OVERQUOTA);
	deliver(link, 0, 1, ERR_OK);
	expect(c, "250 2.0.0 delivered");
	expect(c, "451 4.3.0 it can't be delivered now");
	expect(c, "452 4.2.2 the mailbox is full");
	client_free(c);
	close(link);
}

static struct client *in_data(struct house *h, int *link)
{
	struct client *c = greeted(h);

	client_say(c, "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nDATA\r\n");
	look_up(h, "a@x", ERR_OK, 3);
	expect(c, "250 2.1.0 ok");
	expect(c, "250 2.1.5 ok");
	expect(c, "354 end with CRLF.CRLF");
	*link = delivery(h->mail);
	expect_message(*link, 1, "a@x");
	return c;
}

/* The mail process dies: before the end, while it delivers, or it answers
 * what makes no sense. The next message gets a link of its own. */
static void test_mail_fails(void **state)
{
	struct house *h = *state;
	struct buf text;

	for (int when = 0; when < 3; when++) {
		int link;
		struct client *c = in_data(h, &link);

		if (when == 0)
			close(link);
		client_say(c, "x\r\n.\r\n");
		if (when != 0) {
			text = expect_data(link);
			assert_text(&text, "x\r\n");
		}
		if (when == 2)
			deliver(link, 5, 1, ERR_OK);
		if (when == 1)
			close(link);
		expect(c, "451 4.3.0 it can't be delivered now");
		if (when == 2)
			close(link);
		client_say(c, "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nDATA\r\n");
		look_up(h, "a@x", ERR_OK, 3);
		expect(c, "250 2.1.0 ok");
		expect(c, "250 2.1.5 ok");
		expect(c, "354 end with CRLF.CRLF");
		link = delivery(h->mail);
		expect_message(link, 1, "a@x");
		client_say(c, "y\r\n.\r\n");
		text = expect_data(link);
		assert_text(&text, "y\r\n");
		deliver(link, 0, 1, ERR_OK);
		expect(c, "250 2.0.0 delivered");
		client_free(c);
		close(link);
	}
}

/* A client that goes in mid-message delivers nothing. */
static void test_client_goes(void **state)
{
	struct house *h = *state;
	struct packet *p = malloc(sizeof *p);
	int link;
	struct client *c = in_data(h, &link);
	bool is_there;

	client_say(c, "x\r\n");
	client_free(c);
	while ((is_there = packet_receive(link, p))) {
		assert_int_not_equal(p->f.type, FRAME_END);
	}
	assert_false(is_there);
	free(p);
	close(link);
}

static void test_auth_is_gone(void **state)
{
	struct house *h = *state;
	struct client *c = greeted(h);

	close(h->auth);
	h->auth = -1;
	house_settle(h);
	client_say(c, "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\n");
	expect(c, "250 2.1.0 ok");
	expect(c, "451 4.3.0 users can't be looked up now");
	house_new_auth(h);
	client_say(c, "RCPT TO:<a@x>\r\n");
	look_up(h, "a@x", ERR_OK, 3);
	expect(c, "250 2.1.5 ok");
	client_free(c);
}

enum { BIG = 24 << 20 };

/* The client in a process of its own: it says a lot. */
static pid_t send_big(struct client *c)
{
	pid_t pid = fork();
	char line[1000];

	if (pid != 0)
		return pid;
	memset(line, 'x', sizeof line);
	memcpy(line + sizeof line - 2, "\r\n", 2);
	for (size_t i = 0; i < BIG; i += sizeof line)
		client_send(c, slice_of(line, sizeof line));
	client_say(c, ".\r\n");
	_exit(0);
}

/* While mail takes nothing, gate takes nothing either: its memory stays
 * small, and all arrives in the end. */
static void test_backpressure(void **state)
{
	struct house *h = *state;
	int link;
	struct client *c = in_data(h, &link);
	size_t before = house_memory(h);
	struct buf text;

	send_big(c);
	usleep(500000);
	if (house_memory_is_real())
		assert_true(house_memory(h) < before + (2 << 20));
	text = expect_data(link);
	assert_true(text.len >= BIG);
	buf_free(&text);
	deliver(link, 0, 1, ERR_OK);
	expect(c, "250 2.0.0 delivered");
	client_free(c);
	close(link);
}

/* Many recipients need more than one frame. */
static void test_many_recipients(void **state)
{
	struct house *h = *state;
	struct client *c = greeted(h);
	struct packet *p = malloc(sizeof *p);
	struct buf text;
	int link;

	client_say(c, "MAIL FROM:<s@x>\r\n");
	expect(c, "250 2.1.0 ok");
	for (int i = 0; i < 70; i++) {
		client_say(c, "RCPT TO:<a@x>\r\n");
		look_up(h, "a@x", ERR_OK, 3);
		expect(c, "250 2.1.5 ok");
	}
	client_say(c, "DATA\r\n");
	expect(c, "354 end with CRLF.CRLF");
	link = delivery(h->mail);
	expect_message(link, 32, "a@x");
	for (uint32_t left = 38; left != 0;) {
		assert_true(packet_receive(link, p));
		assert_int_equal(p->f.type, FRAME_MORE_RECIPIENTS);
		left -= read_u32(&p->f.r);
	}
	client_say(c, ".\r\n");
	text = expect_data(link);
	assert_text(&text, "");
	deliver(link, 0, 35, ERR_OK);
	deliver(link, 35, 35, ERR_NOSPACE);
	for (int i = 0; i < 70; i++) {
		expect(c, i < 35 ? "250 2.0.0 delivered"
		                 : "452 4.3.1 there is no room left");
	}
	free(p);
	client_free(c);
	close(link);
}

/* The fourth connection of three is told to come back. */
static void test_connection_limit(void **state)
{
	struct house *h = *state;
	struct client *c[4];
	bool there;

	for (int i = 0; i < 4; i++) {
		c[i] = client_new(h->lmtp_port);
		expect(c[i], "220 mx roost LMTP ready");
	}
	expect(c[3], "421 4.7.0 too many connections");
	expect(c[3], "(end)");
	for (int i = 0; i < 4; i++)
		client_free(c[i]);
	do { /* it sees them go */
		c[0] = client_new(h->lmtp_port);
		expect(c[0], "220 mx roost LMTP ready");
		client_say(c[0], "NOOP\r\n");
		there = strcmp(client_line(c[0]), "250 2.0.0 ok") == 0;
		client_free(c[0]);
	} while (!there);
}

/* Who says something now and then stays; who does not, for as long as
 * LIMIT_LMTP_SECONDS in earnest, is sent away. */
static void test_silence(void **state)
{
	struct gate_options impatient = options;
	struct house *h = calloc(1, sizeof *h);
	struct client *c;

	(void)state;
	impatient.limits.lmtp_seconds = 8;
	house_open(h, &impatient);
	c = greeted(h);
	for (int i = 0; i < 20; i++) {
		usleep(450000);
		client_say(c, "NOOP\r\n");
		expect(c, "250 2.0.0 ok");
	}
	expect(c, "421 4.4.2 too slow");
	client_end(c);
	client_free(c);
	house_close(h);
	free(h);
}

/* The message in hand is delivered, then the client is sent away. */
static void test_stop(void **state)
{
	struct house *h = *state;
	struct buf text;
	int link;
	struct client *c = in_data(h, &link);

	house_stop(h);
	client_say(c, "x\r\n.\r\nMAIL FROM:<s@x>\r\n");
	text = expect_data(link);
	assert_text(&text, "x\r\n");
	deliver(link, 0, 1, ERR_OK);
	expect(c, "250 2.0.0 delivered");
	expect(c, "421 4.3.2 the server is going down");
	client_free(c);
	close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_message),
		cmocka_unit_test(test_partitions),
		cmocka_unit_test(test_mail_fails),
		cmocka_unit_test(test_client_goes),
		cmocka_unit_test(test_auth_is_gone),
		cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_many_recipients),
		cmocka_unit_test(test_connection_limit),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
