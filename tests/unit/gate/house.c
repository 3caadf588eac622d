/* house.c -- links, listeners and frames of the test. */
#include "house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../packets.h"
#include "base/sasl.h"

static void pair_new(int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
}

void packet_send(int link, struct frame_out *f, int fd)
{
	assert_true(packet_give(link, buf_slice(&f->bytes), fd));
	if (fd >= 0)
		close(fd);
	frame_free(f);
}

bool packet_receive(int link, struct packet *p)
{
	struct pollfd ready = { .fd = link, .events = POLLIN };
	int fd;
	ssize_t n;

	assert_int_equal(poll(&ready, 1, HOUSE_WAIT_MS), 1);
	n = packet_take(link, p->bytes, sizeof p->bytes, &fd);
	if (n <= 0)
		return false;
	p->f = (struct frame_in){ .r = reader_of(slice_of(p->bytes, (size_t)n)),
		                  .fd = fd };
	p->f.type = read_u16(&p->f.r);
	return true;
}

static int listener_new_tcp(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1024), 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	*port = ntohs(at.sin_port);
	return fd;
}

static void send_listener(struct house *h, uint8_t kind, uint16_t *port)
{
	int fd = listener_new_tcp(port);
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_LISTENER);
	frame_u8(&f, kind);
	frame_u16(&f, *port);
	frame_u8(&f, 0);
	packet_send(h->parent, &f, fd);
}

static int send_peer(struct house *h, uint8_t role, uint32_t index)
{
	struct frame_out f = { 0 };
	int fds[2];

	pair_new(fds);
	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, role);
	frame_u32(&f, index);
	packet_send(h->parent, &f, fds[1]);
	return fds[0];
}

/* Two exchanges by LMTP: what lay ready for the turn of the loop of the
 * first has been handled before the second. */
void house_settle(struct house *h)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons(h->lmtp_port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[256];

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_true(recv(fd, answer, sizeof answer, 0) > 0);
	assert_int_equal(send(fd, "NOOP\r\n", 6, MSG_NOSIGNAL), 6);
	assert_true(recv(fd, answer, sizeof answer, 0) > 0);
	close(fd);
}

void house_new_auth(struct house *h)
{
	if (h->auth >= 0)
		close(h->auth);
	h->auth = send_peer(h, ROLE_AUTH, 0);
	house_settle(h);
}

void house_new_mail(struct house *h)
{
	if (h->mail >= 0)
		close(h->mail);
	h->mail = send_peer(h, ROLE_MAIL, 3);
	house_settle(h);
}

static void run_gate(const struct gate_options *options, int fd)
{
	struct loop *loop = loop_new();

	gate_main(loop, options, fd);
	loop_free(loop);
}

void house_open(struct house *h, const struct gate_options *options)
{
	struct packet *p = malloc(sizeof *p);
	int fds[2];

	*h = (struct house){ .auth = -1, .mail = -1 };
	pair_new(fds);
	h->parent = fds[0];
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (h->pid == 0) {
		free(p);
		close(fds[0]);
		run_gate(options, fds[1]);
		exit(0);
	}
	close(fds[1]);
	assert_true(packet_receive(h->parent, p));
	assert_int_equal(p->f.type, FRAME_READY);
	free(p);
	send_listener(h, LISTENER_IMAP, &h->imap_port);
	send_listener(h, LISTENER_IMAPS, &h->imaps_port);
	send_listener(h, LISTENER_LMTP, &h->lmtp_port);
	house_new_auth(h);
	house_new_mail(h);
}

void house_stop(struct house *h)
{
	struct frame_out f = { 0 };

	if (h->stopped)
		return;
	h->stopped = true;
	frame_begin(&f, FRAME_STOP);
	packet_send(h->parent, &f, -1);
}

void house_close(struct house *h)
{
	int status;

	house_stop(h);
	assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
	assert_int_equal(status, 0);
	close(h->parent);
	close(h->auth);
	close(h->mail);
}

void house_certificate(struct house *h, struct slice pem)
{
	int fd = memfd_create("certificate", MFD_CLOEXEC);
	struct frame_out f = { 0 };

	assert_int_equal(write(fd, pem.ptr, pem.len), pem.len);
	frame_begin(&f, FRAME_CERTIFICATE);
	frame_slice(&f, S(""));
	packet_send(h->parent, &f, fd);
	house_settle(h);
}

static void send_resumption(struct house *h, const char *now, uint8_t before)
{
	struct frame_out f = { 0 };
	char old[RESUMPTION_KEY_SIZE];

	memset(old, before, sizeof old);
	frame_begin(&f, FRAME_RESUMPTION);
	frame_slice(&f, slice_of(now, RESUMPTION_KEY_SIZE));
	frame_slice(&f, slice_of(old, sizeof old));
	packet_send(h->parent, &f, -1);
	house_settle(h);
}

void house_resumption(struct house *h, uint8_t now, uint8_t before)
{
	char key[RESUMPTION_KEY_SIZE];

	memset(key, now, sizeof key);
	send_resumption(h, key, before);
}

void house_resumption_named(struct house *h, uint8_t name, uint8_t key)
{
	char now[RESUMPTION_KEY_SIZE];

	memset(now, key, sizeof now);
	memset(now, name, 16);
	send_resumption(h, now, 0);
}

size_t house_memory(const struct house *h)
{
	char line[256];
	size_t kib = 0;
	FILE *file;

	snprintf(line, sizeof line, "/proc/%d/smaps_rollup", (int)h->pid);
	file = fopen(line, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "Pss: %zu kB", &kib) == 1)
			break;
	}
	fclose(file);
	return kib * 1024;
}

bool house_memory_is_real(void)
{
#ifdef __SANITIZE_ADDRESS__
	return false;
#else
	return true;
#endif
}

uint64_t house_verify(struct house *h, struct slice user, struct slice secret)
{
	struct packet *p = malloc(sizeof *p);
	struct slice response, authzid, said_user, said_secret;
	uint64_t request;

	assert_true(packet_receive(h->auth, p));
	assert_int_equal(p->f.type, FRAME_VERIFY);
	request = read_u64(&p->f.r);
	assert_int_equal(read_u8(&p->f.r), SERVICE_IMAP);
	assert_true(read_u8(&p->f.r) < SASL_MECHANISMS);
	response = frame_read_slice(&p->f, LIMIT_SASL_LINE);
	assert_true(slice_cut(response, '\0', &authzid, &response));
	assert_true(slice_cut(response, '\0', &said_user, &said_secret));
	assert_true(slice_eq(said_user, user));
	assert_true(slice_eq(said_secret, secret));
	assert_int_equal(frame_read_slice(&p->f, 64).len, 0);
	assert_true(slice_starts(frame_read_slice(&p->f, 50), S("127.")));
	assert_true(read_u16(&p->f.r) != 0);
	assert_true(slice_starts(frame_read_slice(&p->f, 50), S("127.")));
	frame_read_slice(&p->f, 127);
	frame_read_slice(&p->f, LIMIT_CLIENT_ID);
	assert_int_equal(frame_read_slice(&p->f, 50).len, SESSION_ID_SIZE);
	assert_int_equal(frame_read_slice(&p->f, 50).len, 0);
	assert_true(frame_is_whole(&p->f));
	free(p);
	return request;
}

static void say(struct house *h, uint64_t request, uint8_t code,
                struct slice ticket)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_VERDICT);
	frame_u64(&f, request);
	frame_u8(&f, code);
	frame_slice(&f, S("as auth says"));
	frame_u64(&f, 7);
	frame_u32(&f, 3);
	frame_slice(&f, ticket);
	frame_slice(&f, S("bob@example.org"));
	frame_u8(&f, 0);
	packet_send(h->auth, &f, -1);
}

void house_say_no(struct house *h, uint64_t request, uint8_t code)
{
	say(h, request, code, S(""));
}

void house_say_yes(struct house *h, uint64_t request)
{
	say(h, request, 0, S("0123456789abcdef"));
}

int house_session(struct house *h, struct slice tag, struct slice input)
{
	struct packet *p = malloc(sizeof *p);
	int fd;

	assert_true(packet_receive(h->mail, p));
	assert_int_equal(p->f.type, FRAME_SESSION);
	assert_true(
		slice_eq(frame_read_slice(&p->f, 16), S("0123456789abcdef")));
	assert_int_equal(frame_read_slice(&p->f, 50).len, SESSION_ID_SIZE);
	assert_true(slice_eq(frame_read_slice(&p->f, 200), tag));
	frame_read_slice(&p->f, 50);
	read_u16(&p->f.r);
	assert_true(read_u16(&p->f.r) != 0);
	bool tls = read_u8(&p->f.r) == 1;
	assert_int_equal(
		slice_starts(frame_read_slice(&p->f, 100), S("TLSv1.")), tls);
	frame_read_slice(&p->f, 1024);
	assert_true(slice_eq(frame_read_slice(&p->f, 30000), input));
	assert_int_equal(read_u64(&p->f.r) != 0, tls);
	assert_true(frame_is_whole(&p->f));
	fd = p->f.fd;
	assert_true(fd >= 0);
	/* gate made it non-blocking; this test waits */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	free(p);
	return fd;
}
