/*
 * gate_test.c -- a gate process, real sockets and real TLS.
 * behaviours 1, 2, 3, 4, 5, 12, 16, 22
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "client.h"
#include "house.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct fixture {
	struct house house;
	struct buf pem;
	struct client *half_open; /* begins a handshake, and no more */
	uint64_t since_ms;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct network trusted;
static const struct gate_options options = {
	.hostname = { "mail.example.org", 16 },
	.message_limit_bytes = 1 << 20,
	.trusted = &trusted,
	.trusted_count = 1,
	.limits = { 20, 60, 200, 8192, 64, 60, 300 },
	.mechanisms = 1 << SASL_PLAIN | 1 << SASL_LOGIN,
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	network_parse(S("127.9.0.0/16"), &trusted);
	house_open(&f->house, &options);
	f->pem = certificate_new("one.example.org", NULL);
	house_certificate(&f->house, buf_slice(&f->pem));
	f->since_ms = now_ms();
	f->half_open = client_new(f->house.imaps_port);
	client_say(f->half_open, "\x16\x03\x01\x02\x00\x01");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	client_free(f->half_open);

	house_close(&f->house);
	buf_free(&f->pem);
	free(f);
	return 0;
}

static void expect(struct client *c, const char *line)
{
	assert_string_equal(client_line(c), line);
}

static void expect_start(struct client *c, const char *start)
{
	assert_true(
		slice_starts(slice_cstr(client_line(c)), slice_cstr(start)));
}

static struct client *imaps(struct house *h)
{
	struct client *c = client_new(h->imaps_port);

	assert_true(client_start_tls(c, S(""), 0));
	expect_start(c, "* OK [CAPABILITY IMAP4rev1 ");
	return c;
}

/* A client that has logged in, and what mail has of it. */
static struct client *logged_in(struct house *h, int *mail)
{
	struct client *c = imaps(h);

	client_say(c, "a1 LOGIN bob secret\r\n");
	house_say_yes(h, house_verify(h, S("bob"), S("secret")));
	*mail = house_session(h, S("a1"), S(""));
	return c;
}

static void expect_bytes(int fd, const char *text)
{
	char got[256];
	size_t n = strlen(text);

	assert_int_equal(recv(fd, got, n, MSG_WAITALL), n);
	assert_memory_equal(got, text, n);
}

static void send_bytes(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	                 strlen(text));
}

static void test_log_in_over_tls(void **state)
{
	struct fixture *f = *state;
	int mail;
	struct client *c = logged_in(&f->house, &mail);
	char byte;

	send_bytes(mail, "a1 OK hello\r\n");
	expect(c, "a1 OK hello");
	client_say(c, "a2 NOOP\r\n");
	expect_bytes(mail, "a2 NOOP\r\n");
	client_say(c, "a3 LOGOUT\r\n");
	expect_bytes(mail, "a3 LOGOUT\r\n");
	client_end(c);
	assert_int_equal(recv(mail, &byte, 1, 0), 0);
	send_bytes(mail, "* BYE\r\na3 OK\r\n");
	close(mail);
	expect(c, "* BYE");
	expect(c, "a3 OK");
	expect(c, "(end)");
	client_free(c);
}

/* On a trusted network the socket itself goes to mail. */
static void test_log_in_in_clear(void **state)
{
	struct fixture *f = *state;
	struct client *c = client_new_from(f->house.imap_port, "127.9.0.1");
	int mail;

	expect_start(c, "* OK [CAPABILITY IMAP4rev1 ");
	client_say(c, "x LOGIN {3+}\r\nbob \"secret\"\r\ny NOOP\r\n");
	house_say_yes(&f->house,
	              house_verify(&f->house, S("bob"), S("secret")));
	mail = house_session(&f->house, S("x"), S("y NOOP\r\n"));
	send_bytes(mail, "x OK\r\n");
	expect(c, "x OK");
	client_say(c, "z NOOP\r\n");
	expect_bytes(mail, "z NOOP\r\n");
	close(mail);
	expect(c, "(end)");
	client_free(c);
}

static void test_no_log_in_in_clear(void **state)
{
	struct fixture *f = *state;
	struct client *c = client_new(f->house.imap_port);

	expect(c, "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- SASL-IR ID "
	          "ENABLE STARTTLS LOGINDISABLED] mail.example.org roost "
	          "ready");
	client_say(c, "a LOGIN bob secret\r\n");
	expect(c, "a NO [PRIVACYREQUIRED] start TLS first");
	client_say(c, "b LOGOUT\r\n");
	expect(c, "* BYE until next time");
	expect(c, "b OK LOGOUT completed");
	expect(c, "(end)");
	client_free(c);
}

/* No refusal comes before its tick, whatever its cause. */
static void test_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint8_t code;
		const char *answer;
	} cases[] = {
		{ ERR_AUTHENTICATIONFAILED,
		  "a NO [AUTHENTICATIONFAILED] log-in failed" },
		{ ERR_EXPIRED, "a NO [EXPIRED] as auth says" },
		{ ERR_UNAVAILABLE, "a NO [UNAVAILABLE] as auth says" },
	};
	struct client *clients[COUNT(cases)];
	uint64_t began = now_ms();

	for (size_t i = 0; i < COUNT(cases); i++) {
		char from[] = "127.0.3.0";

		from[8] = (char)('0' + i);
		clients[i] = client_new_from(f->house.imaps_port, from);
		assert_true(client_start_tls(clients[i], S(""), 0));
		expect_start(clients[i], "* OK ");
		client_say(clients[i], "a LOGIN bob x\r\n");
		house_say_no(&f->house,
		             house_verify(&f->house, S("bob"), S("x")),
		             cases[i].code);
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect(clients[i], cases[i].answer);
		assert_true(now_ms() - began >= 1900);
		client_say(clients[i], "b NOOP\r\n");
		expect(clients[i], "b OK NOOP completed");
		client_free(clients[i]);
	}
}

/* Tries of one host at once are refused one after the other. */
static void test_refusals_of_a_host(void **state)
{
	struct fixture *f = *state;
	struct client *clients[3];
	uint64_t began = now_ms();

	for (size_t i = 0; i < COUNT(clients); i++) {
		clients[i] = imaps(&f->house);
		client_say(clients[i], "a LOGIN bob x\r\n");
		house_say_no(&f->house,
		             house_verify(&f->house, S("bob"), S("x")),
		             ERR_AUTHENTICATIONFAILED);
	}
	for (size_t i = 0; i < COUNT(clients); i++) {
		expect(clients[i], "a NO [AUTHENTICATIONFAILED] log-in failed");
		assert_true(now_ms() - began >= 2000 * (i + 1) - 100);
		client_free(clients[i]);
	}
}

/* One that is good does not wait for those of its host that are not. */
static void test_refusals_hold_up_nobody(void **state)
{
	struct fixture *f = *state;
	struct gate_options slow = options;
	struct house *h = calloc(1, sizeof *h);
	struct pollfd p = { .events = POLLIN };
	struct client *c;
	int mail;

	slow.refusal_ms = 100 * 1000;
	house_open(h, &slow);
	house_certificate(h, buf_slice(&f->pem));
	c = imaps(h);
	client_say(c, "a LOGIN bob x\r\n");
	house_say_no(h, house_verify(h, S("bob"), S("x")),
	             ERR_AUTHENTICATIONFAILED);
	client_free(logged_in(h, &mail));
	close(mail);
	p.fd = client_fd(c);
	assert_int_equal(poll(&p, 1, 0), 0);
	client_free(c);
	house_close(h);
	free(h);
}

/* One refusal that took longer than a tick: the next take as long. */
static void test_a_slow_refusal(void **state)
{
	struct fixture *f = *state;
	struct client *slow = client_new_from(f->house.imaps_port, "127.0.4.1");
	struct client *quick;
	uint64_t request, began;

	assert_true(client_start_tls(slow, S(""), 0));
	expect_start(slow, "* OK ");
	client_say(slow, "a LOGIN bob x\r\n");
	request = house_verify(&f->house, S("bob"), S("x"));
	usleep(2100 * 1000);
	house_say_no(&f->house, request, ERR_AUTHENTICATIONFAILED);
	quick = client_new_from(f->house.imaps_port, "127.0.4.2");
	assert_true(client_start_tls(quick, S(""), 0));
	expect_start(quick, "* OK ");
	began = now_ms();
	client_say(quick, "a LOGIN eve x\r\n");
	house_say_no(&f->house, house_verify(&f->house, S("eve"), S("x")),
	             ERR_AUTHENTICATIONFAILED);
	expect(quick, "a NO [AUTHENTICATIONFAILED] log-in failed");
	assert_true(now_ms() - began >= 3900);
	expect(slow, "a NO [AUTHENTICATIONFAILED] log-in failed");
	client_free(slow);
	client_free(quick);
}

static void test_starttls(void **state)
{
	struct fixture *f = *state;
	struct client *c = client_new(f->house.imap_port);
	int mail;

	expect_start(c, "* OK [CAPABILITY ");
	client_say(c, "i ID (\"name\" \"forgotten\")\r\n");
	expect_start(c, "* ID (");
	expect(c, "i OK ID completed");
	client_say(c, "a STARTTLS\r\n");
	expect(c, "a OK begin TLS now");
	assert_true(client_start_tls(c, S(""), 0));
	client_say(c, "b CAPABILITY\r\n");
	expect(c, "* CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- SASL-IR ID ENABLE "
	          "AUTH=PLAIN AUTH=LOGIN");
	expect(c, "b OK CAPABILITY completed");
	client_say(c, "c STARTTLS\r\n");
	expect(c, "c BAD TLS is active already");
	client_say(c, "d AUTHENTICATE PLAIN\r\n");
	expect(c, "+ ");
	client_say(c, "AGJvYgBzZWNyZXQ=\r\n");
	house_say_yes(&f->house,
	              house_verify(&f->house, S("bob"), S("secret")));
	mail = house_session(&f->house, S("d"), S(""));
	send_bytes(mail, "d OK\r\n");
	expect(c, "d OK");
	close(mail);
	client_free(c);
}

/* Commands in the next segment, before or after our OK, are never run. */
static void test_starttls_injection(void **state)
{
	struct fixture *f = *state;
	static const char *const behind[] = {
		"b NOOP\r\n",
		"b LOGIN bob x\r\n",
		"b",
		"\r\n",
		"a STARTTLS\r\n",
		"b AUTHENTICATE PLAIN AGJvYgB4\r\n",
		"b LOGIN {3+}\r\nbob x\r\n",
	};

	for (size_t i = 0; i < COUNT(behind); i++) {
		struct client *c = client_new(f->house.imap_port);

		expect_start(c, "* OK ");
		client_say(c, "a STARTTLS\r\n");
		client_say(c, behind[i]);
		const char *line = client_line(c);
		if (strcmp(line, "a OK begin TLS now") == 0) {
			/* it is taken for a broken handshake */
			client_end(c);
			while (strlen(line = client_line(c)) > 5)
				continue;
		} else {
			assert_string_equal(line,
			                    "a BAD bytes behind STARTTLS");
			expect(c, "* BYE bytes behind STARTTLS");
			line = client_line(c);
		}
		assert_true(strcmp(line, "(end)") == 0 ||
		            strcmp(line, "(cut)") == 0);
		client_free(c);
	}
}

static void test_tls_versions_and_alpn(void **state)
{
	struct fixture *f = *state;
	static const struct {
		struct slice alpn;
		int most;
		bool works;
	} cases[] = {
		{ { "", 0 }, 0, true },
		{ { "", 0 }, CLIENT_TLS_1_2, true },
		{ { "", 0 }, CLIENT_TLS_1_1, false },
		{ { "\4imap", 5 }, 0, true },
		{ { "\10http/1.1\4imap", 14 }, 0, true },
		{ { "\10http/1.1", 9 }, 0, false },
		{ { "\2h2", 3 }, CLIENT_TLS_1_2, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client *c = client_new(f->house.imaps_port);

		assert_int_equal(
			client_start_tls(c, cases[i].alpn, cases[i].most),
			cases[i].works);
		client_free(c);
	}
}

/* Sessions keep what they began with; a pair that is none changes nothing. */
static void test_certificate_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct buf two = certificate_new("two.example.org", NULL);
	struct buf bad = certificate_new("bad.example.org", &f->pem);
	int mail;
	struct client *old = logged_in(&f->house, &mail);
	struct client *c;

	house_certificate(&f->house, buf_slice(&two));
	house_certificate(&f->house, buf_slice(&bad));
	house_certificate(&f->house, S("no certificate"));
	house_certificate(&f->house, slice_first(buf_slice(&two), 300));
	c = imaps(&f->house);
	assert_true(client_sees(c, "two.example.org"));
	assert_true(client_sees(old, "one.example.org"));
	client_say(old, "a2 NOOP\r\n");
	expect_bytes(mail, "a2 NOOP\r\n");
	close(mail);
	client_free(old);
	client_free(c);
	buf_free(&two);
	buf_free(&bad);
}

enum { LOT = 8 << 20 };

static char lot_byte(size_t i)
{
	return (char)(i * 2654435761u >> 13);
}

/* Plays mail: sends a lot to a client that does not read at first, while
 * the client sends a lot to it. */
static void exchange(int mail)
{
	char *out = malloc(LOT);
	size_t sent = 0;
	size_t got = 0;

	for (size_t i = 0; i < LOT; i++)
		out[i] = lot_byte(i);
	while (sent < LOT || got < LOT) {
		struct pollfd p = {
			.fd = mail,
			.events = (short)((sent < LOT ? POLLOUT : 0) | POLLIN)
		};
		char in[65536];
		ssize_t n;

		assert_int_equal(poll(&p, 1, HOUSE_WAIT_MS), 1);
		if ((p.revents & POLLOUT) != 0) {
			n = send(mail, out + sent, LOT - sent,
			         MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
		}
		if ((p.revents & POLLIN) == 0)
			continue;
		n = recv(mail, in, sizeof in, MSG_DONTWAIT);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(in[i], lot_byte(got + (size_t)i));
		got += (size_t)n;
	}
	close(mail);
	free(out);
}

/* Full buffers both ways, nothing lost, nothing out of order, and gate does
 * not hold what neither side takes. */
static void test_relay_of_a_lot(void **state)
{
	struct fixture *f = *state;
	int mail;
	struct client *c = logged_in(&f->house, &mail);
	char *bytes = malloc(LOT);
	pid_t child;

	for (size_t i = 0; i < LOT; i++)
		bytes[i] = lot_byte(i);
	child = fork();
	if (child == 0) {
		exchange(mail);
		_exit(0);
	}
	close(mail);
	client_send(c, slice_of(bytes, LOT));
	memset(bytes, 0, LOT);
	assert_true(client_read(c, bytes, LOT));
	for (size_t i = 0; i < LOT; i++)
		assert_int_equal(bytes[i], lot_byte(i));
	expect(c, "(end)");
	client_free(c);
	free(bytes);
}

static void test_key_updates(void **state)
{
	struct fixture *f = *state;
	int mail;
	struct client *c = logged_in(&f->house, &mail);
	char byte;

	for (int i = 0; i < 10; i++)
		client_update_key(c);
	client_say(c, "a");
	expect_bytes(mail, "a");
	for (int i = 0; i < LIMIT_KEY_UPDATES; i++)
		client_update_key(c);
	assert_true(recv(mail, &byte, 1, 0) <= 0);
	close(mail);
	client_free(c);
}

static void test_auth_and_mail_restart(void **state)
{
	struct fixture *f = *state;
	struct client *c = imaps(&f->house);
	struct client *d = imaps(&f->house);
	int mail;

	/* auth dies with a question open */
	client_say(c, "a LOGIN bob secret\r\n");
	house_verify(&f->house, S("bob"), S("secret"));
	close(f->house.auth);
	f->house.auth = -1;
	expect(c, "a NO [UNAVAILABLE] try again later");
	house_new_auth(&f->house);
	/* mail is gone when the verdict comes */
	client_say(c, "b LOGIN bob secret\r\n");
	uint64_t request = house_verify(&f->house, S("bob"), S("secret"));
	close(f->house.mail);
	f->house.mail = -1;
	house_settle(&f->house);
	house_say_yes(&f->house, request);
	expect(c, "b NO [UNAVAILABLE] try again later");
	house_new_mail(&f->house);
	client_say(d, "c LOGIN bob secret\r\n");
	house_say_yes(&f->house,
	              house_verify(&f->house, S("bob"), S("secret")));
	mail = house_session(&f->house, S("c"), S(""));
	close(mail);
	client_free(c);
	client_free(d);
}

/* An answer to nobody's question, and frames that are none, harm nobody. */
static void test_hostile_auth(void **state)
{
	struct fixture *f = *state;
	struct frame_out out = { 0 };
	struct client *c = imaps(&f->house);
	uint64_t request;
	int mail;

	house_say_yes(&f->house, 0);
	house_say_yes(&f->house, 12345);
	frame_begin(&out, FRAME_STOP);
	packet_send(f->house.auth, &out, -1);
	client_say(c, "a LOGIN bob secret\r\n");
	request = house_verify(&f->house, S("bob"), S("secret"));
	frame_begin(&out, FRAME_VERDICT); /* cut short */
	frame_u64(&out, request);
	packet_send(f->house.auth, &out, -1);
	house_say_yes(&f->house, request);
	expect(c, "a NO [UNAVAILABLE] try again later");
	client_say(c, "b LOGIN bob secret\r\n");
	house_say_yes(&f->house,
	              house_verify(&f->house, S("bob"), S("secret")));
	mail = house_session(&f->house, S("b"), S(""));
	close(mail);
	client_free(c);
}

enum { FLOOD = 2000 };

/* Half-open connections of many hosts, and one host with far too many,
 * while somebody logs in. F1 and F2 of the security page, in small. */
static void test_flood(void **state)
{
	struct fixture *f = *state;
	struct client **flood = calloc(FLOOD, sizeof *flood);
	size_t before = house_memory(&f->house);
	uint64_t began;
	int mail;

	for (size_t i = 0; i < FLOOD; i++) {
		char from[32];

		snprintf(from, sizeof from, "127.%zu.%zu.%zu", 20 + i % 40,
		         i / 400, 1 + i % 7);
		flood[i] = client_new_from(f->house.imaps_port, from);
		if (i % 2 == 0)
			client_say(flood[i], "\x16\x03\x01\x02\x00\x01");
	}
	client_free(logged_in(&f->house, &mail)); /* all are there by then */
	close(mail);
	began = now_ms();
	client_free(logged_in(&f->house, &mail));
	close(mail);
	print_message("log-in beside %d half-open connections: %d ms\n", FLOOD,
	              (int)(now_ms() - began));
	/* far less than the 10 s that each of them may take */
	assert_true(now_ms() - began < 5000);
	print_message("memory of one half-open connection: %d bytes\n",
	              (int)((house_memory(&f->house) - before) / FLOOD));
	for (size_t i = 0; i < FLOOD; i++)
		client_free(flood[i]);
	free(flood);
}

/* The 21st connection of a host pushes its oldest out, not a neighbour's. */
static void test_limit_of_a_host(void **state)
{
	struct fixture *f = *state;
	struct client *c[21];
	struct client *neighbour;

	neighbour = client_new_from(f->house.imap_port, "127.5.5.6");
	expect_start(neighbour, "* OK ");
	for (size_t i = 0; i < COUNT(c); i++) {
		c[i] = client_new_from(f->house.imap_port, "127.5.5.5");
		expect_start(c[i], "* OK ");
	}
	expect(c[0], "(end)");
	for (size_t i = 1; i < COUNT(c); i++) {
		client_say(c[i], "a NOOP\r\n");
		expect(c[i], "a OK NOOP completed");
	}
	client_say(neighbour, "a NOOP\r\n");
	expect(neighbour, "a OK NOOP completed");
	client_free(neighbour);
	for (size_t i = 0; i < COUNT(c); i++)
		client_free(c[i]);
}

static void test_memory_of_connections(void **state)
{
	struct fixture *f = *state;
	enum { MANY = 400 };
	struct client *c[MANY];
	int mail[MANY];
	size_t before = house_memory(&f->house);

	for (size_t i = 0; i < MANY; i++) {
		char from[32];

		snprintf(from, sizeof from, "127.6.%zu.%zu", i / 100,
		         1 + i % 100);
		c[i] = client_new_from(f->house.imaps_port, from);
		assert_true(client_start_tls(c[i], S(""), 0));
		expect_start(c[i], "* OK ");
	}
	size_t idle = house_memory(&f->house);
	print_message("TLS, before log-in: %zu bytes a connection\n",
	              (idle - before) / MANY);
	for (size_t i = 0; i < MANY; i++) {
		char half[7000];

		memset(half, '(', sizeof half);
		client_say(c[i], "a NOOP ");
		client_send(c[i], slice_of(half, sizeof half));
	}
	usleep(200000);
	size_t busy = house_memory(&f->house);
	print_message("with an unfinished command: %zu bytes\n",
	              (busy - before) / MANY);
	if (house_memory_is_real())
		assert_true((busy - before) / MANY < 65536);
	for (size_t i = 0; i < MANY; i++) {
		client_say(c[i], "\r\nb LOGIN bob secret\r\n");
		expect_start(c[i], "a BAD");
		house_say_yes(&f->house,
		              house_verify(&f->house, S("bob"), S("secret")));
		mail[i] = house_session(&f->house, S("b"), S(""));
	}
	print_message("TLS, relayed and idle: %zu bytes\n",
	              (house_memory(&f->house) - before) / MANY);
	for (size_t i = 0; i < MANY; i++) {
		close(mail[i]);
		client_free(c[i]);
	}
}

/* LIMIT_TLS_SECONDS, from the accept, which was before the other tests */
static void test_handshake_deadline(void **state)
{
	struct fixture *f = *state;
	struct pollfd p = { .fd = client_fd(f->half_open), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 60 * 1000), 1);
	expect(f->half_open, "(end)");
	assert_true(now_ms() - f->since_ms >= LIMIT_TLS_SECONDS * 1000);
}

static size_t open_descriptors(pid_t pid)
{
	char path[64];
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2; /* . and .. */
}

static uint64_t cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Out of descriptors: no busy loop, who is there stays, and once there are
 * some again all is well. P12 of the security page. */
static void test_no_descriptors(void **state)
{
	struct fixture *f = *state;
	struct house *h = &f->house;
	struct client *there = client_new(h->imap_port);
	struct client *c[16];
	struct rlimit all;
	struct rlimit few;
	uint64_t cpu;

	expect_start(there, "* OK ");
	prlimit(h->pid, RLIMIT_NOFILE, NULL, &all);
	few = all;
	few.rlim_cur = open_descriptors(h->pid) + 2;
	prlimit(h->pid, RLIMIT_NOFILE, &few, NULL);
	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = client_new(h->imap_port);
	do { /* who spins never rests */
		cpu = cpu_ms(h->pid);
		usleep(400000);
	} while (cpu_ms(h->pid) - cpu >= 100);
	client_say(there, "a NOOP\r\n");
	expect(there, "a OK NOOP completed");
	prlimit(h->pid, RLIMIT_NOFILE, &all, NULL);
	for (size_t i = 0; i < COUNT(c); i++)
		client_free(c[i]);
	client_free(imaps(h));
	client_free(there);
}

/* SIGTERM: BYE to who has not logged in; relays go on to their end. */
static void test_stop(void **state)
{
	struct fixture *f = *state;
	struct client *c = imaps(&f->house);
	int mail;
	struct client *d = logged_in(&f->house, &mail);

	house_stop(&f->house);
	expect(c, "* BYE the server is going down");
	expect(c, "(end)");
	send_bytes(mail, "* BYE\r\n");
	expect(d, "* BYE");
	close(mail);
	expect(d, "(end)");
	client_free(c);
	client_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_in_over_tls),
		cmocka_unit_test(test_log_in_in_clear),
		cmocka_unit_test(test_no_log_in_in_clear),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refusals_of_a_host),
		cmocka_unit_test(test_refusals_hold_up_nobody),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_starttls_injection),
		cmocka_unit_test(test_tls_versions_and_alpn),
		cmocka_unit_test(test_relay_of_a_lot),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_auth_and_mail_restart),
		cmocka_unit_test(test_hostile_auth),
		cmocka_unit_test(test_limit_of_a_host),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_memory_of_connections),
		cmocka_unit_test(test_certificate_is_replaced),
		cmocka_unit_test(test_handshake_deadline),
		cmocka_unit_test(test_a_slow_refusal), /* slows the rest */
	};
	const struct CMUnitTest last[] = {
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
	};

	return cmocka_run_group_tests(tests, setup, teardown) +
	       cmocka_run_group_tests(last, NULL, NULL);
}
