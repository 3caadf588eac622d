/*
 * sandbox_test.c -- what each kind of process can no longer do, tried from
 * within, after giving up its privileges; and what it still can.
 */
#include "roostd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "roostd/privileges.h"

static char top[64];    /* a directory of ours */
static char inside[80]; /* in the sandbox: top/in */
static char outside[80];

/* -- attempts: true when the kernel let it be done -- */

static bool try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool read_passwd(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static bool read_proc(void)
{
	return try_open("/proc/self/maps", O_RDONLY);
}

static bool read_outside(void)
{
	return try_open(outside, O_RDONLY);
}

static bool make_outside(void)
{
	char path[100];

	snprintf(path, sizeof path, "%s/new", top);
	return try_open(path, O_WRONLY | O_CREAT);
}

static bool make_inside(void)
{
	char path[100], to[100];

	snprintf(path, sizeof path, "%s/new", inside);
	snprintf(to, sizeof to, "%s/renamed", inside);
	return try_open(path, O_WRONLY | O_CREAT | O_TRUNC) &&
	       rename(path, to) == 0 && unlink(to) == 0;
}

static bool link_outside(void)
{
	char path[100];

	snprintf(path, sizeof path, "%s/link", inside);
	return symlink("/etc/passwd", path) == 0 || link(outside, path) == 0;
}

static bool execute(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return errno != EPERM && errno != EACCES;
}

static bool new_process(void)
{
	return fork() >= 0;
}

static bool new_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ||
	       socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

/* A socket that connects is one thing, one that waits for others another. */
static bool listen_to_others(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && (listen(fd, 1) == 0 || errno != EPERM);
}

static bool other_sockets(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM ||
	       socket(AF_VSOCK, SOCK_STREAM, 0) >= 0 || errno != EPERM;
}

static bool trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool send_signal(void)
{
	return kill(getppid(), 0) == 0;
}

static bool raise_limit(void)
{
	const struct rlimit r = { 1000, 1000 };

	return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

static bool raw_system_calls(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) == 0 ||
	       syscall(SYS_io_uring_setup, 1, NULL) != -1 || errno != EPERM ||
	       syscall(SYS_unshare, 0) == 0 ||
	       syscall(SYS_keyctl, 0, 0) != -1 ||
	       syscall(SYS_userfaultfd, 0) != -1;
}

static bool executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool become_root(void)
{
	return setuid(0) == 0;
}

static void *do_nothing(void *arg)
{
	return arg;
}

static bool thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, do_nothing, NULL) == 0 &&
	       pthread_join(t, NULL) == 0;
}

static bool pair_and_memory(void)
{
	int fds[2];
	void *p = malloc(1 << 20);
	bool ok = p != NULL &&
	          socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0 &&
	          write(fds[0], "x", 1) == 1 && fcntl(fds[0], F_GETFD) == 0;

	free(p);
	return ok;
}

static bool load_converter(void)
{
	iconv_t c = iconv_open("UTF-8", "ISO-2022-JP");

	return c != (iconv_t)-1 && iconv_close(c) == 0;
}

/* One that the process has opened before. */
static bool converter_again(void)
{
	iconv_t c = iconv_open("UTF-8", "CP932");

	return c != (iconv_t)-1 && iconv_close(c) == 0;
}

static bool memory_file(void)
{
	return memfd_create("x", 0) >= 0;
}

static bool memory(void)
{
	char *p = malloc(32 << 20);
	bool ok = p != NULL && (p = realloc(p, 64 << 20)) != NULL;

	free(p);
	return ok;
}

/* -- roles -- */

enum { GATE = 1, AUTH = 2, MAIL = 4, PARSE = 8, ASKS = 16, LOADS = 32 };

static const struct {
	const char *name;
	bool (*attempt)(void);
	int allowed; /* to which roles */
} rows[] = {
	{ "read /etc/passwd", read_passwd, 0 },
	{ "read /proc/self/maps", read_proc, 0 },
	{ "read outside", read_outside, 0 },
	{ "write outside", make_outside, 0 },
	{ "write inside", make_inside, AUTH | MAIL },
	{ "make links", link_outside, 0 },
	{ "execute", execute, 0 },
	{ "fork", new_process, 0 },
	{ "socket", new_socket, ASKS | LOADS },
	{ "listen", listen_to_others, 0 },
	{ "other sockets", other_sockets, 0 },
	{ "ptrace", trace, 0 },
	{ "kill", send_signal, 0 },
	{ "setrlimit", raise_limit, 0 },
	{ "raw system calls", raw_system_calls, 0 },
	{ "executable memory", executable_memory, 0 },
	{ "make memory executable", make_executable, 0 },
	{ "setuid", become_root, 0 },
	{ "thread", thread, GATE | AUTH | MAIL | ASKS | LOADS },
	{ "socketpair", pair_and_memory, GATE | AUTH | MAIL | ASKS | LOADS },
	{ "iconv", load_converter, 0 },
	{ "iconv again", converter_again, MAIL | PARSE },
	{ "memory file", memory_file, MAIL },
	{ "memory", memory, GATE | AUTH | MAIL | PARSE | ASKS | LOADS },
};

static void enter(int role)
{
	const struct identity nobody = { 65534, 65534, geteuid() == 0 };
	const struct sandbox_path paths[] = { { inside, true },
		                              { "/not/there", false } };
	const struct sandbox sandboxes[] = {
		[GATE] = { .accept = true },
		[AUTH] = { .paths = paths, .n_paths = 1, .accept = true },
		[MAIL] = { .paths = paths, .n_paths = 2, .share = true },
		[PARSE] = { .pure = true },
		[ASKS] = { .paths = paths + 1, .n_paths = 1, .ask = true },
		[LOADS] = { .paths = paths + 1,
		            .n_paths = 1,
		            .ask = true,
		            .load = true },
	};

	if (role == PARSE || role == MAIL)
		(void)iconv_open("UTF-8", "CP932");
	if (!is_ok(privileges_drop(&nobody)) ||
	    !is_ok(sandbox_enter(&sandboxes[role])))
		_exit(2);
}

/* 0: not let; 1: let */
static int tried_as(int role, bool (*attempt)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		enter(role);
		_exit(attempt() ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_role(int role)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int want = (rows[i].allowed & role) != 0;

		if (tried_as(role, rows[i].attempt) != want)
			fail_msg("%s: not %d", rows[i].name, want);
	}
}

static void test_gate(void **state)
{
	(void)state;
	assert_role(GATE);
}

static void test_auth(void **state)
{
	(void)state;
	assert_role(AUTH);
}

static void test_mail(void **state)
{
	(void)state;
	assert_role(MAIL);
}

static void test_parse(void **state)
{
	(void)state;
	assert_role(PARSE);
}

static void test_outside(void **state)
{
	(void)state;
	assert_role(ASKS);
	assert_role(LOADS);
}

/* Everything that is tried can be done without the sandbox, or the test
 * would prove nothing. */
static void test_without(void **state)
{
	(void)state;
	assert_true(read_passwd());
	assert_true(read_outside());
	assert_true(make_inside());
	assert_true(new_socket());
	assert_true(thread());
	assert_true(load_converter());
}

static int make_directories(void **state)
{
	int fd;

	(void)state;
	strcpy(top, "/tmp/roost-sandbox-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	chmod(top, 0777);
	snprintf(inside, sizeof inside, "%s/in", top);
	snprintf(outside, sizeof outside, "%s/out", top);
	mkdir(inside, 0777);
	chmod(inside, 0777);
	fd = open(outside, O_WRONLY | O_CREAT, 0666);
	return close(fd);
}

static int remove_directories(void **state)
{
	(void)state;
	unlink(outside);
	rmdir(inside);
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_outside),
		/* last: it loads a converter, which is then there to stay */
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, make_directories,
	                              remove_directories);
}
