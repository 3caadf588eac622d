/*
 * outside_test.c -- the whole process, its parent and auth played by the
 * test, and on the other side a server of HTTP that is as bad as it likes.
 */
#include "outside/outside.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "ipc/ask.h"
#include "ipc/link.h"
#include "ipc/protocol.h"
#include "outside/desk.h"

enum { ASK_MS = 1500, HANG_MS = 20000, WAIT_MS = 60000 };

/* -- a server -- */

/* A process of its own: what is forked from one that has threads may find a
 * lock taken by a thread that it hasn't. */

enum { REQUEST_MOST = 4096 };

static int listener;
static uint16_t port;
static char *seen; /* the last request; shared with the server */

/* Whole, with what stands behind the header if that says how long it is. */
static size_t read_request(int fd, char *to, size_t size)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, to + n, size - 1 - n);
		char *end, *length;

		if (got <= 0)
			return 0;
		n += (size_t)got;
		to[n] = '\0';
		end = strstr(to, "\r\n\r\n");
		length = strstr(to, "Content-Length: ");
		if (end != NULL &&
		    (length == NULL ||
		     n >= (size_t)(end + 4 - to) +
		                     strtoul(length + 16, NULL, 10)))
			return n;
	}
}

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return;
}

static void say_large(int fd)
{
	char block[1024];

	memset(block, 'x', sizeof block);
	say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 100; i++) {
		if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0)
			return;
	}
}

/* A byte now and then, for ever. */
static void dribble(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		usleep(100 * 1000);
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char request[REQUEST_MOST];

	while (read_request(fd, request, sizeof request) != 0) {
		memcpy(seen, request, sizeof request);
		if (strncmp(request, "GET /slow", 9) == 0)
			dribble(fd);
		else if (strncmp(request, "GET /large", 10) == 0)
			say_large(fd);
		else if (strncmp(request, "GET /moved", 10) == 0)
			say(fd, "HTTP/1.1 302 Found\r\nLocation: /seen\r\n"
			        "Content-Length: 0\r\n\r\n");
		else if (strncmp(request, "GET /nonsense", 13) == 0)
			say(fd, "nonsense\r\n\r\n");
		else
			say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
			        "good");
		if (strncmp(request, "GET /slow", 9) == 0 ||
		    strncmp(request, "GET /large", 10) == 0 ||
		    strncmp(request, "GET /nonsense", 13) == 0)
			break;
	}
	close(fd);
	return NULL;
}

static void accept_all(void)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			_exit(1);
		pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd);
		pthread_detach(thread);
	}
}

/* Ends with the test, however that ends. */
static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void start_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof at;

	seen = mmap(NULL, REQUEST_MOST, PROT_READ | PROT_WRITE,
	            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(seen, MAP_FAILED);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 100), 0);
	getsockname(listener, (struct sockaddr *)&at, &size);
	port = ntohs(at.sin_port);
	if (fork_child() == 0)
		accept_all();
}

/* -- the process -- */

struct rig {
	pid_t pid;
	struct link *parent;
	struct link *auth;
	uint64_t requests;
	uint32_t hang_ms; /* 0: HANG_MS */
	FILE *log;        /* or NULL */
};

static pid_t spawn(const struct rig *r, int parent_fd, int other_fd)
{
	struct sources none = { 0 };
	const struct outside_options options = {
		ASK_MS, r->hang_ms != 0 ? r->hang_ms : HANG_MS, &none
	};
	pid_t pid = fork_child();

	if (pid != 0)
		return pid;
	close(other_fd);
	if (r->log != NULL)
		dup2(fileno(r->log), STDERR_FILENO);
	outside_prepare();
	_exit(outside_main(loop_new(), &options, parent_fd));
}

static void introduce(struct rig *r, struct loop *loop)
{
	struct frame_out f = { 0 };
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, ROLE_AUTH);
	frame_u32(&f, 0);
	assert_true(is_ok(link_send(r->parent, &f, fds[0])));
	r->auth = link_new(loop, fds[1], (struct link_handler){ 0 });
}

static void begin(struct rig *r, struct loop *loop)
{
	struct frame_in ready;
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	r->pid = spawn(r, fds[1], fds[0]);
	close(fds[1]);
	r->parent = link_new(loop, fds[0], (struct link_handler){ 0 });
	assert_true(is_ok(link_receive(r->parent, WAIT_MS, &ready)));
	assert_int_equal(ready.type, FRAME_READY);
	introduce(r, loop);
}

static void end(struct rig *r)
{
	struct frame_out f = { 0 };
	int status;

	frame_begin(&f, FRAME_STOP);
	assert_true(is_ok(link_send(r->parent, &f, -1)));
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_int_equal(status, 0);
	link_free(r->parent);
	link_free(r->auth);
}

static uint64_t ask(struct rig *r, enum ask_kind kind, const char *path,
                    struct slice authorization, struct slice body)
{
	struct frame_out f = { 0 };
	char url[1024];

	if (path[0] == '/')
		snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
	else
		snprintf(url, sizeof url, "%s", path);
	frame_begin(&f, FRAME_ASK);
	frame_u64(&f, ++r->requests);
	frame_u8(&f, (uint8_t)kind);
	frame_slice(&f, slice_cstr(url));
	frame_slice(&f, authorization);
	frame_slice(&f, kind == ASK_HTTP_POST ? S("text/plain") : S(""));
	frame_slice(&f, body);
	assert_true(is_ok(link_send(r->auth, &f, -1)));
	return r->requests;
}

struct answer {
	uint64_t request;
	uint8_t code;
	uint32_t status;
	char text[TOLD_TEXT + 1];
	char body[64]; /* its start */
	size_t body_len;
};

static struct answer receive(struct rig *r)
{
	struct answer a = { 0 };
	struct frame_in f;
	struct slice text, body;

	assert_true(is_ok(link_receive(r->auth, WAIT_MS, &f)));
	assert_int_equal(f.type, FRAME_TOLD);
	a.request = read_u64(&f.r);
	a.code = read_u8(&f.r);
	text = frame_read_slice(&f, TOLD_TEXT);
	a.status = read_u32(&f.r);
	body = frame_read_slice(&f, TOLD_BODY);
	read_u64(&f.r);
	read_u64(&f.r);
	assert_true(frame_is_whole(&f));
	memcpy(a.text, text.ptr, text.len);
	memcpy(a.body, body.ptr, slice_first(body, sizeof a.body - 1).len);
	a.body_len = body.len;
	return a;
}

static struct answer get(struct rig *r, const char *path)
{
	uint64_t request = ask(r, ASK_HTTP_GET, path, S(""), S(""));
	struct answer a = receive(r);

	assert_int_equal(a.request, request);
	return a;
}

/* -- tests -- */

static void answers(struct loop *loop, void *arg)
{
	struct rig r = { 0 };
	struct answer a;

	(void)arg;
	begin(&r, loop);
	a = get(&r, "/seen");
	assert_int_equal(a.code, ERR_OK);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "good");
	assert_non_null(strstr(seen, "GET /seen HTTP/1.1\r\n"));
	assert_null(strstr(seen, "Authorization"));

	ask(&r, ASK_HTTP_POST, "/post", S("Bearer one"), S("token=two"));
	a = receive(&r);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(seen, "POST /post HTTP/1.1\r\n"));
	assert_non_null(strstr(seen, "Authorization: Bearer one\r\n"));
	assert_non_null(strstr(seen, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(seen, "\r\n\r\ntoken=two"));
	end(&r);
}

/* Behind the host may stand what is secret, of any length. */
static void tells_no_secret(struct loop *loop, void *arg)
{
	struct rig r = { 0 };
	char path[600], site[64];
	struct answer a;

	(void)arg;
	begin(&r, loop);
	snprintf(site, sizeof site, "http://127.0.0.1:%u: ", port);
	snprintf(path, sizeof path, "/nonsense?SeCrEt=%0512d", 1);
	a = get(&r, path);
	assert_int_equal(a.code, ERR_UNAVAILABLE);
	assert_memory_equal(a.text, site, strlen(site));
	assert_true(strlen(a.text) > strlen(site));
	assert_null(strstr(a.text, "SeCrEt"));
	a = get(&r, "https://127.0.0.1:1?SeCrEt");
	assert_non_null(strstr(a.text, "https://127.0.0.1:1: "));
	assert_null(strstr(a.text, "SeCrEt"));
	a = get(&r, "http://192.0.2.1/SeCrEt");
	assert_string_equal(a.text, "http://192.0.2.1: https only");
	end(&r);
}

/* What must not be asked isn't, and what is answered badly is no answer. */
static void refuses(struct loop *loop, void *arg)
{
	static const char *const wrong[] = {
		"http://192.0.2.1/",
		"http://example.org/",
		"http://127.example.org/",
		"file:///etc/passwd",
		"ftp://127.0.0.1/",
		"http://localhost@192.0.2.1/",
		"",
		"x",
	};
	struct rig r = { 0 };
	struct answer a;

	(void)arg;
	begin(&r, loop);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(get(&r, wrong[i]).code, ERR_SYNTAX);
	memset(seen, 0, REQUEST_MOST);
	ask(&r, ASK_HTTP_GET, "/seen", S("a\r\nEvil: yes"), S(""));
	assert_int_equal(receive(&r).code, ERR_SYNTAX);
	assert_int_equal(seen[0], '\0');

	a = get(&r, "/moved");
	assert_int_equal(a.status, 302);
	assert_int_equal(a.body_len, 0);
	a = get(&r, "/large");
	assert_int_equal(a.code, ERR_UNAVAILABLE);
	assert_int_equal(a.body_len, 0);
	assert_int_equal(get(&r, "/nonsense").code, ERR_UNAVAILABLE);
	assert_int_equal(get(&r, "http://127.0.0.1:1/").code, ERR_UNAVAILABLE);
	end(&r);
}

/* A total deadline, whatever dribbles in, for those that wait for a place,
 * too; and afterwards all is as it was. */
static void keeps_time(struct loop *loop, void *arg)
{
	struct rig r = { 0 };
	uint64_t start;

	(void)arg;
	begin(&r, loop);
	start = loop_now_ms(loop);
	for (int i = 0; i < 3 * DESK_PLACES; i++)
		ask(&r, ASK_HTTP_GET, "/slow", S(""), S(""));
	for (int i = 0; i < 3 * DESK_PLACES; i++)
		assert_int_equal(receive(&r).code, ERR_UNAVAILABLE);
	assert_true(loop_now_ms(loop) - start < 3 * ASK_MS);
	assert_string_equal(get(&r, "/seen").body, "good");
	end(&r);
}

/* A library that does not come back ends the process, which says whom it has
 * asked. HTTP does, so that the patience with it is less than its time. */
static void ends_when_it_hangs(struct loop *loop, void *arg)
{
	struct rig r = { .hang_ms = (uint32_t)(200 - ASK_MS),
		         .log = tmpfile() };
	char log[4096], asking[64];
	int status;

	(void)arg;
	begin(&r, loop);
	ask(&r, ASK_HTTP_GET, "/slow?SeCrEt", S(""), S(""));
	assert_int_equal(waitpid(r.pid, &status, 0), r.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_TEMPFAIL);
	rewind(r.log);
	log[fread(log, 1, sizeof log - 1, r.log)] = '\0';
	snprintf(asking, sizeof asking, "asking=http://127.0.0.1:%u\n", port);
	assert_non_null(strstr(log, "event=outside_hangs"));
	assert_non_null(strstr(log, asking));
	assert_null(strstr(log, "SeCrEt"));
	fclose(r.log);
	link_free(r.parent);
	link_free(r.auth);
}

/* Beyond what may wait, the answer comes at once. */
static void has_a_queue(struct loop *loop, void *arg)
{
	struct rig r = { 0 };

	(void)arg;
	begin(&r, loop);
	for (int i = 0; i < DESK_PLACES + DESK_QUEUE; i++)
		ask(&r, ASK_HTTP_GET, "/slow", S(""), S(""));
	ask(&r, ASK_HTTP_GET, "/seen", S(""), S(""));
	/* before those that came before it */
	assert_int_equal(receive(&r).request, r.requests);
	end(&r);
}

/* An answer goes to who asked, not to who came after it. */
static void forgets_who_has_gone(struct loop *loop, void *arg)
{
	struct rig r = { 0 };

	(void)arg;
	begin(&r, loop);
	ask(&r, ASK_HTTP_GET, "/slow", S(""), S(""));
	task_sleep(200);
	link_free(r.auth);
	introduce(&r, loop);
	r.requests = 100;
	assert_string_equal(get(&r, "/seen").body, "good");
	task_sleep(ASK_MS);
	assert_string_equal(get(&r, "/seen").body, "good");
	end(&r);
}

/* Frames that make no sense do no harm. */
static void drops_nonsense(struct loop *loop, void *arg)
{
	struct rig r = { 0 };
	struct frame_out f = { 0 };

	(void)arg;
	begin(&r, loop);
	for (uint8_t kind = 0; kind < 20; kind++) {
		frame_begin(&f, FRAME_ASK);
		frame_u64(&f, 7);
		frame_u8(&f, kind);
		assert_true(is_ok(link_send(r.auth, &f, -1)));
	}
	frame_begin(&f, FRAME_VERIFY);
	assert_true(is_ok(link_send(r.auth, &f, -1)));
	assert_string_equal(get(&r, "/seen").body, "good");
	end(&r);
}

static void run(void (*fn)(struct loop *, void *))
{
	task_run_main(fn, NULL);
}

static void test_answers(void **state)
{
	(void)state;
	run(answers);
}

static void test_tells_no_secret(void **state)
{
	(void)state;
	run(tells_no_secret);
}

static void test_refuses(void **state)
{
	(void)state;
	run(refuses);
}

static void test_keeps_time(void **state)
{
	(void)state;
	run(keeps_time);
}

static void test_ends_when_it_hangs(void **state)
{
	(void)state;
	run(ends_when_it_hangs);
}

static void test_has_a_queue(void **state)
{
	(void)state;
	run(has_a_queue);
}

static void test_forgets_who_has_gone(void **state)
{
	(void)state;
	run(forgets_who_has_gone);
}

static void test_drops_nonsense(void **state)
{
	(void)state;
	run(drops_nonsense);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_tells_no_secret),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_keeps_time),
		cmocka_unit_test(test_ends_when_it_hangs),
		cmocka_unit_test(test_has_a_queue),
		cmocka_unit_test(test_forgets_who_has_gone),
		cmocka_unit_test(test_drops_nonsense),
	};

	signal(SIGPIPE, SIG_IGN);
	log_init("outside", LOG_LEVEL_ERROR);
	start_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
