/*
 * mail_test.c -- a real mail process, and parent, auth and gate played by
 * the test: who gets a session and who does not, whatever is sent.
 */
#include "roostd/mail_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../packets.h"
#include "base/limits.h"
#include "base/log.h"
#include "ipc/audit_frame.h"
#include "ipc/link.h"
#include "ipc/protocol.h"
#include "parse/parse.h"
#include "store/partition.h"

enum { PATIENCE_MS = 60000, ACCOUNT = 7, RELAY = 4711 };

#define TICKET     S("0123456789ABCDEF")
#define SESSION_ID S("0123456789abcdef")

/* The process, and our ends of its links. */
static struct {
	char top[64];
	pid_t pid;
	pid_t parser_pid; /* a real one, with no sandbox */
	int parent;
	int auth;
	int gate;
} mail;

/* -- frames, sent and received by hand -- */

static void send_frame(int to, struct frame_out *f, int fd)
{
	assert_true(packet_give(to, buf_slice(&f->bytes), fd));
	if (fd >= 0)
		close(fd);
	frame_free(f);
}

/* False: nothing came in time, or the other end has gone. */
static bool readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void next_frame(int from, struct frame_in *out)
{
	static char bytes[LIMIT_FRAME];
	ssize_t n;

	assert_true(readable(from, PATIENCE_MS));
	n = recv(from, bytes, sizeof bytes, 0);
	assert_true(n > 0);
	assert_true(frame_parse(slice_of(bytes, (size_t)n), -1, out));
}

/* What is reported by the way is not what is waited for. */
static bool is_report(uint16_t type)
{
	return type == FRAME_DISK || type == FRAME_FETCHED ||
	       type == FRAME_QUOTA_BAND;
}

static void expect_frame(int from, uint16_t type, struct frame_in *out)
{
	do
		next_frame(from, out);
	while (is_report(out->type));
	assert_int_equal(out->type, type);
}

static int peer(enum role role)
{
	struct frame_out f;
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, (uint8_t)role);
	frame_u32(&f, 0);
	send_frame(mail.parent, &f, fds[1]);
	return fds[0];
}

/* -- what auth says -- */

static void expect_done(enum err_code code)
{
	struct frame_in in;

	expect_frame(mail.auth, FRAME_ACCOUNT_DONE, &in);
	assert_int_equal(read_u64(&in.r), 1);
	assert_int_equal(read_u8(&in.r), code);
}

static void create_with_quota(uint64_t messages, enum err_code want)
{
	struct frame_out f;

	frame_begin(&f, FRAME_ACCOUNT_CREATE);
	frame_u64(&f, 1);
	frame_u64(&f, ACCOUNT);
	frame_slice(&f, S("ann@example.org"));
	frame_u64(&f, 0);
	frame_u64(&f, messages);
	frame_u32(&f, 0);
	send_frame(mail.auth, &f, -1);
	expect_done(want);
}

static void create_account(enum err_code want)
{
	create_with_quota(0, want);
}

/* Its answer's UIDVALIDITY. */
static uint32_t ask_to_delete(uint32_t kept, enum err_code want)
{
	struct frame_out f;
	struct frame_in in;

	frame_begin(&f, FRAME_ACCOUNT_DELETE);
	frame_u64(&f, 1);
	frame_u64(&f, ACCOUNT);
	frame_u32(&f, kept);
	send_frame(mail.auth, &f, -1);
	expect_frame(mail.auth, FRAME_ACCOUNT_DONE, &in);
	assert_int_equal(read_u64(&in.r), 1);
	assert_int_equal(read_u8(&in.r), want);
	frame_read_slice(&in, LIMIT_FRAME);
	return read_u32(&in.r);
}

/* It goes once its last UIDVALIDITY is kept in mind, and no sooner. */
static void delete_account(void)
{
	uint32_t last = ask_to_delete(0, ERR_NOTNOW);

	assert_int_equal(ask_to_delete(last - 1, ERR_NOTNOW), last);
	ask_to_delete(last, ERR_OK);
}

static void announce_by(int from, struct slice ticket, struct slice session_id,
                        uint64_t credential)
{
	struct frame_out f;

	frame_begin(&f, FRAME_EXPECT);
	frame_slice(&f, ticket);
	frame_u64(&f, ACCOUNT);
	frame_u64(&f, credential);
	frame_slice(&f, S("ann@example.org"));
	frame_slice(&f, session_id);
	frame_slice(&f, S(""));
	frame_u8(&f, false);
	send_frame(from, &f, -1);
}

static void announce(int from, struct slice ticket, struct slice session_id)
{
	announce_by(from, ticket, session_id, 0);
}

/* And has been obeyed: the link keeps its order. */
static void kick_by(uint64_t credential)
{
	struct frame_out f;

	frame_begin(&f, FRAME_ACCOUNT_KICK);
	frame_u64(&f, ACCOUNT);
	frame_u64(&f, credential);
	send_frame(mail.auth, &f, -1);
	create_account(ERR_ALREADYEXISTS);
}

static void kick(void)
{
	kick_by(0);
}

/* -- what gate says -- */

static void bring_fd(struct slice ticket, struct slice session_id, int fd)
{
	struct frame_out f;

	frame_begin(&f, FRAME_SESSION);
	frame_slice(&f, ticket);
	frame_slice(&f, session_id);
	frame_slice(&f, S("a1"));
	frame_slice(&f, S("192.0.2.1"));
	frame_u16(&f, 4711);
	frame_u16(&f, 993);
	frame_u8(&f, 1);
	frame_slice(&f, S("TLSv1.3"));
	frame_slice(&f, S(""));
	frame_slice(&f, S(""));
	frame_u64(&f, RELAY);
	send_frame(mail.gate, &f, fd);
}

/* The client's end. */
static int bring(struct slice ticket, struct slice session_id)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	bring_fd(ticket, session_id, fds[1]);
	return fds[0];
}

/* What the client has got by now begins with or contains the text. */
static void expect_text(int client, const char *want)
{
	char text[4096];
	size_t len = 0;

	for (;;) {
		ssize_t n;

		assert_true(readable(client, PATIENCE_MS));
		n = read(client, text + len, sizeof text - len);
		assert_true(n > 0);
		len += (size_t)n;
		if (slice_find(slice_of(text, len), slice_cstr(want)) !=
		    SLICE_NONE)
			return;
	}
}

static void expect_end(int client)
{
	char text[4096];
	ssize_t n;

	do {
		assert_true(readable(client, PATIENCE_MS));
		n = read(client, text, sizeof text);
	} while (n > 0);
	close(client);
}

static int start_session(void)
{
	int client;

	announce(mail.auth, TICKET, SESSION_ID);
	client = bring(TICKET, SESSION_ID);
	expect_text(client, "a1 OK ");
	return client;
}

static void assert_serves(void)
{
	int client = start_session();

	assert_int_equal(write(client, "a2 LOGOUT\r\n", 11), 11);
	expect_text(client, "a2 OK ");
	expect_end(client);
}

/* -- tests -- */

static void test_session(void **state)
{
	(void)state;
	create_account(ERR_ALREADYEXISTS);
	assert_serves();
}

/* EXPECT waits in auth's socket when SESSION comes in on gate's. */
static void test_race(void **state)
{
	int clients[50];

	(void)state;
	for (int i = 0; i < 50; i++) {
		char ticket[TICKET_SIZE + 1];

		snprintf(ticket, sizeof ticket, "ticket%010d", i);
		announce(mail.auth, slice_cstr(ticket), SESSION_ID);
		clients[i] = bring(slice_cstr(ticket), SESSION_ID);
	}
	for (int i = 0; i < 50; i++) {
		expect_text(clients[i], "a1 OK ");
		close(clients[i]);
	}
}

static void expect_refused(int client)
{
	expect_text(client, "a1 NO [UNAVAILABLE]");
	expect_end(client);
}

static void test_tickets(void **state)
{
	int client;

	(void)state;
	expect_refused(bring(TICKET, SESSION_ID)); /* never announced */
	client = start_session();
	expect_refused(bring(TICKET, SESSION_ID)); /* used */
	close(client);
	announce(mail.auth, TICKET, SESSION_ID);
	expect_refused(bring(TICKET, S("fedcba9876543210"))); /* another's */
	kick();
	expect_refused(bring(TICKET, SESSION_ID)); /* void */
}

/* A gate that has been broken into can't announce tickets, make accounts or
 * open control links. */
static void test_gate_is_not_auth(void **state)
{
	struct frame_out f;
	int fds[2];

	(void)state;
	announce(mail.gate, TICKET, SESSION_ID);
	expect_refused(bring(TICKET, SESSION_ID));
	assert_true(is_ok(link_pair(fds)));
	frame_begin(&f, FRAME_CONTROL);
	frame_u64(&f, 0);
	frame_slice(&f, S(""));
	frame_u32(&f, 0);
	send_frame(mail.gate, &f, fds[1]);
	assert_true(readable(fds[0], PATIENCE_MS)); /* its end */
	assert_int_equal(read(fds[0], &f, 1), 0);
	close(fds[0]);
	frame_begin(&f, FRAME_ACCOUNT_DELETE);
	frame_u64(&f, 1);
	frame_u64(&f, ACCOUNT);
	frame_u32(&f, UINT32_MAX);
	send_frame(mail.gate, &f, -1);
	assert_serves();
}

static int listening_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int end_of_pipe(void)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	return fds[1];
}

/* What comes along is no client, or nothing at all. */
static void test_wrong_descriptors(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		int fds[] = { -1, open("/dev/null", O_RDWR), end_of_pipe(),
			      listening_socket(),
			      socket(AF_UNIX, SOCK_DGRAM, 0) };

		announce(mail.auth, TICKET, SESSION_ID);
		for (int k = 0; k < 5; k++) {
			if (k == i)
				bring_fd(TICKET, SESSION_ID, fds[k]);
			else if (fds[k] >= 0)
				close(fds[k]);
		}
		kick();
	}
	assert_serves();
}

/* Every type there is, cut anywhere, on every link. */
static void test_nonsense(void **state)
{
	const int links[] = { mail.gate, mail.auth, mail.parent };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (uint16_t type = 0; type < 200; type++) {
			struct frame_out f;

			if (type == FRAME_STOP)
				continue;
			frame_begin(&f, type);
			for (uint16_t n = 0; n < type % 7; n++)
				frame_u8(&f, 0xff);
			send_frame(links[i], &f, -1);
		}
	}
	assert_serves();
}

/* The client goes back behind its relay, with what it said since. */
static void test_return(void **state)
{
	int client = start_session();
	struct frame_in in;

	(void)state;
	assert_int_equal(write(client, "a2 UNAUTHENTICATE\r\na3 x", 23), 23);
	expect_text(client, "a2 OK ");
	expect_frame(mail.gate, FRAME_RETURN, &in);
	assert_int_equal(read_u64(&in.r), RELAY);
	assert_true(slice_eq(frame_read_slice(&in, 100), S("a3 x")));
	assert_true(frame_read_slice(&in, 100).len != 0);
	read_u16(&in.r);
	read_u8(&in.r);
	assert_true(frame_is_whole(&in));
	close(client);
	assert_serves();
}

static void test_kick(void **state)
{
	int client = start_session();

	(void)state;
	kick();
	expect_text(client, "* BYE ");
	expect_end(client);
	assert_serves();
}

/* A credential that is taken back ends what it let in, and that alone. */
static void test_kick_by_credential(void **state)
{
	int clients[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		announce_by(mail.auth, TICKET, SESSION_ID, 7 + (uint64_t)i);
		clients[i] = bring(TICKET, SESSION_ID);
		expect_text(clients[i], "a1 OK ");
	}
	announce_by(mail.auth, TICKET, SESSION_ID, 8);
	kick_by(8);
	expect_refused(bring(TICKET, SESSION_ID)); /* void */
	expect_text(clients[1], "* BYE ");
	expect_end(clients[1]);
	assert_int_equal(write(clients[0], "a2 LOGOUT\r\n", 11), 11);
	expect_text(clients[0], "a2 OK ");
	expect_end(clients[0]);
}

/* auth is started again: its requests before are nobody's. */
static void test_new_auth(void **state)
{
	int client = start_session();

	(void)state;
	close(mail.auth);
	mail.auth = peer(ROLE_AUTH);
	assert_serves();
	assert_int_equal(write(client, "a2 NOOP\r\n", 9), 9);
	expect_text(client, "a2 OK ");
	close(client);
}

static void test_delete(void **state)
{
	int client = start_session();

	(void)state;
	delete_account();
	expect_text(client, "* BYE ");
	expect_end(client);
	announce(mail.auth, TICKET, SESSION_ID);
	expect_refused(bring(TICKET, SESSION_ID));
	create_account(ERR_OK);
	assert_serves();
}

/* Last: the end. */
static void test_stop(void **state)
{
	int client = start_session();
	struct frame_out f;
	int status;

	(void)state;
	frame_begin(&f, FRAME_STOP);
	send_frame(mail.parent, &f, -1);
	expect_text(client, "* BYE ");
	expect_end(client);
	assert_int_equal(waitpid(mail.pid, &status, WNOHANG), 0);
	close(mail.gate); /* it was waiting for deliveries */
	assert_int_equal(waitpid(mail.pid, &status, 0), mail.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	mail.pid = 0;
}

/* -- quota -- */

/* What an administrator does waits for its entry. */
static void answer_audit(void)
{
	struct audit_entry entry;
	struct frame_out f;
	struct frame_in in;
	uint64_t request;

	expect_frame(mail.auth, FRAME_AUDIT, &in);
	request = read_u64(&in.r);
	assert_true(audit_frame_take(&in, &entry));
	assert_int_equal(entry.account, ACCOUNT);
	assert_true(slice_eq(entry.event, S("import")));
	frame_begin(&f, FRAME_ASKED);
	frame_u64(&f, request);
	frame_u8(&f, ERR_OK);
	frame_u32(&f, 0);
	send_frame(mail.auth, &f, -1);
}

/* What a control link says to `n` messages for INBOX. */
static enum err_code import_messages(unsigned n)
{
	struct frame_out f;
	struct frame_in in;
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	frame_begin(&f, FRAME_CONTROL);
	frame_u64(&f, ACCOUNT);
	frame_slice(&f, S("ann@example.org"));
	frame_u32(&f, 0);
	send_frame(mail.auth, &f, fds[1]);
	frame_begin(&f, FRAME_IMPORT_MAILBOX);
	frame_slice(&f, S("INBOX"));
	frame_u32(&f, 0);
	frame_u32(&f, 0);
	frame_u8(&f, 0);
	send_frame(fds[0], &f, -1);
	answer_audit();
	expect_frame(fds[0], FRAME_ROW, &in);
	expect_frame(fds[0], FRAME_DONE, &in);
	for (; n > 0; n--) {
		frame_begin(&f, FRAME_IMPORT_MESSAGE);
		frame_u32(&f, 0);
		frame_u8(&f, 0);
		frame_u64(&f, 0);
		frame_u16(&f, 0);
		send_frame(fds[0], &f, -1);
		frame_begin(&f, FRAME_DATA);
		frame_slice(&f, S("A: b\r\n"));
		send_frame(fds[0], &f, -1);
		frame_begin(&f, FRAME_END);
		send_frame(fds[0], &f, -1);
	}
	frame_begin(&f, FRAME_IMPORT_COMMIT);
	send_frame(fds[0], &f, -1);
	expect_frame(fds[0], FRAME_DONE, &in);
	close(fds[0]);
	return (enum err_code)read_u8(&in.r);
}

/* An account that an earlier try made has the quota of the last one. */
static void test_quota_of_a_second_try(void **state)
{
	(void)state;
	create_with_quota(1, ERR_ALREADYEXISTS);
	assert_int_equal(import_messages(2), ERR_OVERQUOTA);
	assert_int_equal(import_messages(1), ERR_OK);
	create_with_quota(0, ERR_ALREADYEXISTS);
	assert_int_equal(import_messages(2), ERR_OK);
}

/* -- the process -- */

static bool keep(void *arg, int fd, struct mail_limits *out)
{
	(void)arg;
	(void)fd;
	(void)out;
	return false;
}

static void run_mail_process(int parent_fd)
{
	const struct mail_options options = {
		.directory = mail.top,
		.hostname = S("localhost"),
		.limits = { .message_bytes = 1 << 20,
		            .sessions_per_account = 100 },
		.parsers = 1,
		.hang_ms = PATIENCE_MS,
		.reload = keep,
	};

	log_init("mail/0", LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN);
	_exit(mail_main(loop_new(), &options, parent_fd));
}

static void introduce(int to, enum role role, int fd)
{
	struct frame_out f;

	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, (uint8_t)role);
	frame_u32(&f, 0);
	send_frame(to, &f, fd);
}

/* Ends with us, who keep the other end of its link. */
static void start_parser(void)
{
	static const struct parse_options options = { .cpu_ms = 10000 };
	struct frame_in in;
	int parent[2];
	int link[2];

	assert_true(is_ok(link_pair(parent)));
	assert_true(is_ok(link_pair(link)));
	mail.parser_pid = fork();
	if (mail.parser_pid == 0) {
		close(parent[0]);
		_exit(parse_main(loop_new(), &options, parent[1]));
	}
	close(parent[1]);
	expect_frame(parent[0], FRAME_READY, &in);
	introduce(parent[0], ROLE_MAIL, link[0]);
	introduce(mail.parent, ROLE_PARSE, link[1]);
}

static int start(void **state)
{
	struct frame_in in;
	int fds[2];

	(void)state;
	strcpy(mail.top, "/tmp/roost-mail-XXXXXX");
	if (mkdtemp(mail.top) == NULL || !is_ok(partition_make(mail.top)) ||
	    !is_ok(link_pair(fds)))
		return -1;
	mail.pid = fork();
	if (mail.pid == 0) {
		close(fds[0]);
		run_mail_process(fds[1]);
	}
	close(fds[1]);
	mail.parent = fds[0];
	expect_frame(mail.parent, FRAME_READY, &in);
	mail.auth = peer(ROLE_AUTH);
	mail.gate = peer(ROLE_GATE);
	start_parser();
	create_account(ERR_OK);
	return 0;
}

static int end(void **state)
{
	char command[100];

	(void)state;
	if (mail.pid > 0) {
		kill(mail.pid, SIGKILL);
		waitpid(mail.pid, NULL, 0);
	}
	if (mail.parser_pid > 0) {
		kill(mail.parser_pid, SIGKILL);
		waitpid(mail.parser_pid, NULL, 0);
	}
	snprintf(command, sizeof command, "rm -r %s", mail.top);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_gate_is_not_auth),
		cmocka_unit_test(test_wrong_descriptors),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_kick),
		cmocka_unit_test(test_kick_by_credential),
		cmocka_unit_test(test_new_auth),
		cmocka_unit_test(test_quota_of_a_second_try),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, start, end);
}
