/*
 * f16.c -- what code of somebody else's tries in a process that it has taken
 * over: it is called where the role would begin (f16_roles.c, f16_programs.c),
 * behind everything that confines it.
 *
 * It tries what a break-in would try next and prints a line for each, "f16
 * NAME: let" or "f16 NAME: denied"; a gate then lies to auth and mail on the
 * links that it has. "f16 done: let" is the last line.
 */
#include "f16.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../packets.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/sasl.h"
#include "ipc/frame.h"
#include "ipc/protocol.h"

static pid_t parent; /* getppid() is for some of them only */
static int report = STDERR_FILENO;

/* Not by dprintf(), which asks where in the file it is. */
static void tell(const char *name, bool let)
{
	char line[128];
	int n = snprintf(line, sizeof line, "f16 %s: %s\n", name,
	                 let ? "let" : "denied");

	if (write(report, line, (size_t)n) != n)
		_exit(1);
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* -- files: named by the environment -- */

static bool reads_a_sibling(void)
{
	char proc[64];

	for (pid_t p = parent + 1; p < parent + 32; p++) {
		snprintf(proc, sizeof proc, "/proc/%d/mem", (int)p);
		if (p != getpid() && opens(proc, O_RDONLY))
			return true;
	}
	return false;
}

static void try_files(void)
{
	static const char *const names[] = { "accounts",      "partition 0",
		                             "partition 1",   "key",
		                             "configuration", "passwd",
		                             "shadow",        "disk" };
	char variable[32], line[64], proc[64];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(variable, sizeof variable, "F16_%s", names[i]);
		const char *path = getenv(variable);

		snprintf(line, sizeof line, "read %s", names[i]);
		tell(line, path == NULL || opens(path, O_RDONLY));
		snprintf(line, sizeof line, "write %s", names[i]);
		tell(line, path == NULL || opens(path, O_WRONLY));
	}
	tell("make a file", opens("/tmp/f16", O_WRONLY | O_CREAT));
	tell("list /", opens("/", O_RDONLY | O_DIRECTORY));
	tell("read own memory map", opens("/proc/self/maps", O_RDONLY));
	snprintf(proc, sizeof proc, "/proc/%d/mem", (int)parent);
	tell("read the parent's memory", opens(proc, O_RDONLY));
	tell("read a sibling's memory", reads_a_sibling());
	snprintf(proc, sizeof proc, "/proc/%d/environ", (int)parent);
	tell("read the parent's environment", opens(proc, O_RDONLY));
	tell("symlink", symlink("/etc/passwd", getenv("F16_link")) == 0);
	tell("link", link(getenv("F16_key"), getenv("F16_link")) == 0);
	tell("mknod", mknod(getenv("F16_link"), S_IFIFO | 0600, 0) == 0);
	tell("chroot", chroot("/") == 0);
	tell("chmod", chmod(getenv("F16_key"), 0666) == 0);
	tell("inotify", syscall(SYS_inotify_init1, 0) >= 0);
	tell("a file by handle",
	     syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0) == -1 &&
	             errno != EPERM);
}

/* -- sockets -- */

static void try_sockets(void)
{
	static const struct {
		const char *name;
		int family;
	} families[] = { { "socket unix", AF_UNIX },
		         { "socket inet", AF_INET },
		         { "socket inet6", AF_INET6 },
		         { "socket netlink", AF_NETLINK },
		         { "socket packet", AF_PACKET },
		         { "socket vsock", AF_VSOCK } };
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/f16" };
	int pair[2] = { -1, -1 };

	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		tell(families[i].name,
		     socket(families[i].family, SOCK_STREAM, 0) >= 0 ||
		             socket(families[i].family, SOCK_RAW, 0) >= 0);
	tell("make a pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	tell("connect",
	     connect(pair[0], (struct sockaddr *)&to, sizeof to) == 0 ||
	             errno != EPERM);
	tell("bind", bind(pair[0], (struct sockaddr *)&to, sizeof to) == 0 ||
	                     errno != EPERM);
	tell("listen", listen(pair[0], 1) == 0 || errno != EPERM);
	tell("send to a name", sendto(pair[0], "x", 1, 0,
	                              (struct sockaddr *)&to, sizeof to) == 1);
}

/* -- processes -- */

static bool execute(void)
{
	char *none[] = { NULL };

	execve("/bin/true", none, none);
	return errno != EPERM && errno != EACCES;
}

static bool signal_a_sibling(void)
{
	for (pid_t p = parent - 1; p < parent + 32; p++) {
		if (p != getpid() && (kill(p, 0) == 0 || errno != EPERM ||
		                      syscall(SYS_tkill, p, 0) == 0))
			return true;
	}
	return false;
}

static bool read_memory_of(pid_t pid)
{
	char byte;
	struct iovec here = { &byte, 1 };
	struct iovec there = { (void *)environ, 1 };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == 1;
}

static void try_processes(void)
{
	tell("execute", execute());
	tell("fork", fork() >= 0);
	tell("vfork", syscall(SYS_clone, SIGCHLD | CLONE_VM, NULL) >= 0);
	tell("ptrace the parent",
	     ptrace(PTRACE_ATTACH, parent, NULL, NULL) == 0);
	tell("be traced", ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	tell("signal others", signal_a_sibling());
	tell("read the parent by system call", read_memory_of(parent));
	tell("pidfd", syscall(SYS_pidfd_open, parent, 0) >= 0);
	tell("setrlimit",
	     setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 9999, 9999 }) == 0);
	tell("become dumpable", prctl(PR_SET_DUMPABLE, 1) == 0);
	tell("another filter",
	     prctl(PR_SET_SECCOMP, 2, NULL) == 0 || errno != EPERM);
	tell("change its own limits",
	     prlimit(0, RLIMIT_CORE, &(struct rlimit){ 0 }, NULL) == 0);
	tell("be root",
	     setuid(0) == 0 || setresuid(0, 0, 0) == 0 || setgid(0) == 0);
}

/* -- memory and the rest of the kernel -- */

static bool map_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static void try_kernel(void)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{ "bpf", SYS_bpf },
		{ "io_uring", SYS_io_uring_setup },
		{ "userfaultfd", SYS_userfaultfd },
		{ "perf", SYS_perf_event_open },
		{ "keyctl", SYS_keyctl },
		{ "unshare", SYS_unshare },
		{ "setns", SYS_setns },
		{ "mount", SYS_mount },
		{ "personality", SYS_personality },
		{ "init_module", SYS_init_module },
		{ "reboot", SYS_reboot },
		{ "iopl", SYS_iopl },
		{ "modify_ldt", SYS_modify_ldt },
		{ "clock_settime", SYS_clock_settime },
		{ "memfd_create", SYS_memfd_create },
		{ "shmget", SYS_shmget },
		{ "capset", SYS_capset },
		{ "sethostname", SYS_sethostname },
		{ "sched_setaffinity", SYS_sched_setaffinity },
		{ "landlock", SYS_landlock_create_ruleset },
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		tell(calls[i].name,
		     syscall(calls[i].number, 0, 0, 0, 0, 0) != -1 ||
		             errno != EPERM);
	tell("map executable memory", map_executable());
	tell("map code", map_code());
	tell("make memory executable", make_executable());
	tell("type into a terminal",
	     ioctl(0, TIOCSTI, "x") == 0 || errno != EPERM);
}

/* -- lies on a gate's links -- */

static bool receive(int link, char *bytes, struct frame_in *f)
{
	int fd;
	ssize_t n = packet_take(link, bytes, LIMIT_FRAME, &fd);

	return n >= 2 && frame_parse(slice_of(bytes, (size_t)n), fd, f);
}

static void transmit(int link, struct frame_out *f, int fd)
{
	packet_give(link, buf_slice(&f->bytes), fd);
	if (fd >= 0)
		close(fd);
	frame_free(f);
}

enum { PARTITIONS = 4 }; /* as roost init makes them */

struct house {
	int auth;
	int mails[PARTITIONS];
	int mail; /* of them, that of the last verdict */
	char bytes[LIMIT_FRAME];
	char ticket[TICKET_SIZE]; /* of the last verdict that was yes */
	uint64_t account;
};

static const struct slice session = { "0123456789abcdef", SESSION_ID_SIZE };

/* Is that the password, according to auth? */
static bool verify(struct house *h, struct slice user, struct slice authzid,
                   struct slice secret)
{
	struct frame_out f = { 0 };
	struct buf message = { 0 };
	struct frame_in in;

	frame_begin(&f, FRAME_VERIFY);
	frame_u64(&f, 1);
	frame_u8(&f, SERVICE_IMAP);
	frame_u8(&f, SASL_PLAIN);
	buf_printf(&message, "%.*s%c%.*s%c%.*s", (int)authzid.len, authzid.ptr,
	           0, (int)user.len, user.ptr, 0, (int)secret.len, secret.ptr);
	frame_slice(&f, buf_slice(&message));
	buf_free(&message);
	frame_slice(&f, S(""));
	frame_slice(&f, S("192.0.2.1"));
	frame_u16(&f, 1);
	frame_slice(&f, S("192.0.2.2"));
	frame_slice(&f, S("TLSv1.3"));
	frame_slice(&f, S(""));
	frame_slice(&f, session);
	frame_slice(&f, S(""));
	transmit(h->auth, &f, -1);
	if (!receive(h->auth, h->bytes, &in) || in.type != FRAME_VERDICT)
		return false;
	read_u64(&in.r);
	bool good = read_u8(&in.r) == ERR_OK;
	frame_read_slice(&in, LIMIT_FRAME);
	h->account = read_u64(&in.r);
	uint32_t partition = read_u32(&in.r);
	struct slice ticket = frame_read_slice(&in, TICKET_SIZE);
	if (!good || ticket.len != TICKET_SIZE || partition >= PARTITIONS)
		return false;
	memcpy(h->ticket, ticket.ptr, TICKET_SIZE);
	h->mail = h->mails[partition];
	return true;
}

static struct slice ticket_of(struct house *h)
{
	return slice_of(h->ticket, TICKET_SIZE);
}

/* Does mail take a client with that ticket? */
static bool enters(struct house *h, struct slice ticket, struct slice id)
{
	struct frame_out f = { 0 };
	struct pollfd p;
	char answer[512] = "";
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	frame_begin(&f, FRAME_SESSION);
	frame_slice(&f, ticket);
	frame_slice(&f, id);
	frame_slice(&f, S("a"));
	frame_slice(&f, S("192.0.2.1"));
	frame_u16(&f, 1);
	frame_u16(&f, 993);
	frame_u8(&f, 1);
	frame_slice(&f, S("TLSv1.3"));
	frame_slice(&f, S(""));
	frame_slice(&f, S(""));
	frame_u64(&f, 0);
	transmit(h->mail, &f, pair[1]);
	p = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	poll(&p, 1, 20000);
	recv(pair[0], answer, sizeof answer - 1, MSG_DONTWAIT);
	close(pair[0]);
	return strstr(answer, "a OK") != NULL;
}

/* A frame that only auth may send to mail. */
static bool enters_by_forged_expect(struct house *h)
{
	struct slice ticket = S("forged by a gate");
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_EXPECT);
	frame_slice(&f, ticket);
	frame_u64(&f, h->account);
	frame_u64(&f, 0);
	frame_slice(&f, S("ann@example.org"));
	frame_slice(&f, session);
	frame_slice(&f, S(""));
	frame_u8(&f, 0);
	transmit(h->mail, &f, -1);
	return enters(h, ticket, session);
}

/* What only `roost` may have: a control link. */
static bool gets_control(int link)
{
	struct frame_out f = { 0 };
	struct pollfd p;
	int pair[2];
	char answer[512];

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	frame_begin(&f, FRAME_CONTROL);
	frame_u64(&f, 1);
	frame_slice(&f, S("ann@example.org"));
	frame_u32(&f, 0);
	transmit(link, &f, pair[1]);
	frame_begin(&f, FRAME_EXPORT);
	frame_slice(&f, S(""));
	transmit(pair[0], &f, -1);
	p = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	return poll(&p, 1, 1000) == 1 &&
	       recv(pair[0], answer, sizeof answer, MSG_DONTWAIT) > 0;
}

/* A verb of the control socket, on the link of a gate. */
static bool changes_password(struct house *h)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_USER_PASSWORD);
	frame_slice(&f, S("ann@example.org"));
	frame_slice(&f, S("mine"));
	transmit(h->auth, &f, -1);
	return verify(h, S("ann@example.org"), S(""), S("mine"));
}

/* At a start the others may need a moment to know each other. */
static bool logs_in(struct house *h)
{
	const struct timespec pause = { 0, 100 * 1000000L };

	for (int i = 0; i < 100; i++) {
		if (verify(h, S("eve@example.org"), S(""), S("eve")))
			return enters(h, ticket_of(h), session);
		nanosleep(&pause, NULL);
	}
	return false;
}

static void lie(struct house *h)
{
	tell("lie: its own log-in is good", logs_in(h));
	tell("lie: a ticket twice", enters(h, ticket_of(h), session));
	verify(h, S("eve@example.org"), S(""), S("eve"));
	tell("lie: a ticket of another session",
	     enters(h, ticket_of(h), S("fedcba9876543210")));
	tell("lie: a ticket of zeros",
	     enters(h, slice_of((char[TICKET_SIZE]){ 0 }, TICKET_SIZE),
	            session));
	tell("lie: no ticket", enters(h, S(""), session));
	tell("lie: a ticket that it announced", enters_by_forged_expect(h));
	tell("lie: a wrong password",
	     verify(h, S("ann@example.org"), S(""), S("wrong")));
	tell("lie: no password", verify(h, S("ann@example.org"), S(""), S("")));
	tell("lie: for somebody else",
	     verify(h, S("eve@example.org"), S("ann@example.org"), S("eve")));
	tell("lie: sets a password", changes_password(h));
	tell("lie: control of mail", gets_control(h->mail));
	tell("lie: control of auth", gets_control(h->auth));
}

static bool knows_all(const struct house *h)
{
	for (size_t i = 0; i < PARTITIONS; i++) {
		if (h->mails[i] < 0)
			return false;
	}
	return h->auth >= 0;
}

static void meet(struct house *h, int parent_fd)
{
	struct frame_in f;

	h->auth = -1;
	memset(h->mails, -1, sizeof h->mails);
	while (!knows_all(h) && receive(parent_fd, h->bytes, &f)) {
		uint8_t role = f.type == FRAME_PEER ? read_u8(&f.r) : 0;
		uint32_t index = read_u32(&f.r);

		if (role == ROLE_AUTH)
			h->auth = f.fd;
		else if (role == ROLE_MAIL && index < PARTITIONS)
			h->mails[index] = f.fd;
	}
}

/* -- parse can't write to the log, nor to any file: for it somebody does -- */

static void relay(int from)
{
	char bytes[4096];
	ssize_t n;

	close_range(STDERR_FILENO + 1, (unsigned int)from - 1, 0);
	close_range((unsigned int)from + 1, ~0U, 0);
	while ((n = read(from, bytes, sizeof bytes)) > 0 &&
	       write(STDERR_FILENO, bytes, (size_t)n) == n)
		continue;
	_exit(0);
}

void f16_start_relay(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		return;
	if (fork() == 0)
		relay(ends[0]);
	close(ends[0]);
	report = ends[1];
}

/* -- all of it -- */

int f16_run(int parent_fd, pid_t parent_pid, bool is_gate)
{
	struct house *h = calloc(1, sizeof *h);
	struct frame_out ready = { 0 };
	struct frame_in f;

	parent = parent_pid;
	try_files();
	try_sockets();
	try_processes();
	try_kernel();
	frame_begin(&ready, FRAME_READY);
	transmit(parent_fd, &ready, -1);
	if (is_gate) {
		meet(h, parent_fd);
		lie(h);
	}
	tell("done", true);
	while (receive(parent_fd, h->bytes, &f) && f.type != FRAME_STOP)
		continue;
	return 0;
}
