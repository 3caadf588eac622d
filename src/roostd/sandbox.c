/* sandbox.c -- the list of system calls, and the ruleset for files. */
#include "roostd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* -- Landlock -- */

enum {
	READ_RIGHTS =
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	FILE_RIGHTS =
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
	/* no devices, sockets or links: nothing that is no file */
	WRITE_RIGHTS =
		READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE |
		LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG,
	/* every right of the first version: 13 bits */
	ALL_RIGHTS = (1 << 13) - 1,
};

/* Rights that later versions of the interface added: moving between
 * directories, truncating. */
enum { RIGHT_REFER = 1 << 13, RIGHT_TRUNCATE = 1 << 14 };

struct rights {
	uint64_t handled;
	uint64_t write;
};

static struct rights rights_of(long version)
{
	struct rights r = { ALL_RIGHTS, WRITE_RIGHTS };

	if (version >= 2) {
		r.handled |= RIGHT_REFER;
		r.write |= RIGHT_REFER;
	}
	if (version >= 3) {
		r.handled |= RIGHT_TRUNCATE;
		r.write |= RIGHT_TRUNCATE;
	}
	return r;
}

static bool allow_path(int ruleset, const struct sandbox_path *p,
                       const struct rights *rights)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = p->write ? rights->write : READ_RIGHTS,
		.parent_fd = open(p->path, O_PATH | O_CLOEXEC),
	};
	struct stat st;
	bool ok;

	if (rule.parent_fd < 0)
		return errno == ENOENT;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
	             &rule, 0) == 0;
	close(rule.parent_fd);
	return ok;
}

static bool restrict_to(int ruleset, const struct sandbox *s,
                        const struct rights *rights)
{
	for (size_t i = 0; i < s->n_paths; i++) {
		if (!allow_path(ruleset, &s->paths[i], rights))
			return false;
	}
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

static struct err enter_landlock(const struct sandbox *s)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	                       LANDLOCK_CREATE_RULESET_VERSION);
	struct rights rights = rights_of(version);
	struct landlock_ruleset_attr attr = { .handled_access_fs =
		                                      rights.handled };
	int ruleset;
	bool ok;

	if (version < 1) {
		log_note(LOG_LEVEL_WARN, "no_landlock",
		         "this kernel can't confine a process to directories");
		return OK;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
	                       sizeof attr.handled_access_fs, 0);
	if (ruleset < 0)
		return err(ERR_NOPERM, "no Landlock ruleset");
	ok = restrict_to(ruleset, s, &rights);
	close(ruleset);
	return ok ? OK : err(ERR_NOPERM, "can't enter its Landlock ruleset");
}

/* -- seccomp -- */

/* Nothing here reaches anything the process does not already hold. */
/* clang-format off */
static const int common_calls[] = {
	SCMP_SYS(brk), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(fcntl),
	SCMP_SYS(fdatasync), SCMP_SYS(fstat), SCMP_SYS(fsync),
	SCMP_SYS(futex), SCMP_SYS(getegid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getpeername), SCMP_SYS(getpid),
	SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
	SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday), SCMP_SYS(getuid), SCMP_SYS(lseek),
	SCMP_SYS(madvise), SCMP_SYS(membarrier), SCMP_SYS(mincore),
	SCMP_SYS(mremap), SCMP_SYS(msync), SCMP_SYS(munmap),
	SCMP_SYS(nanosleep), SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(preadv2),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev), SCMP_SYS(read), SCMP_SYS(readv),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack), SCMP_SYS(socketpair), SCMP_SYS(sysinfo),
	SCMP_SYS(uname), SCMP_SYS(write), SCMP_SYS(writev),
};
/* clang-format on */

/* For a process that has directories; Landlock says which. */
/* clang-format off */
static const int file_calls[] = {
	SCMP_SYS(access), SCMP_SYS(copy_file_range), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(fadvise64), SCMP_SYS(fallocate),
	SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(flock), SCMP_SYS(fstatfs),
	SCMP_SYS(ftruncate), SCMP_SYS(getcwd), SCMP_SYS(getdents64),
	SCMP_SYS(lstat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(newfstatat), SCMP_SYS(open), SCMP_SYS(openat),
	SCMP_SYS(openat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(rmdir), SCMP_SYS(stat), SCMP_SYS(statfs), SCMP_SYS(statx),
	SCMP_SYS(sync_file_range), SCMP_SYS(truncate), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(utimensat),
};
/* clang-format on */

/* For a process that owns nothing: memory, the loop, its links, its log, its
 * own end. */
/* clang-format off */
static const int pure_calls[] = {
	SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(close),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2), SCMP_SYS(exit_group),
	SCMP_SYS(futex), SCMP_SYS(getpid), SCMP_SYS(getrandom),
	SCMP_SYS(getsockopt), SCMP_SYS(gettid), SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(pipe2),
	SCMP_SYS(read), SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield), SCMP_SYS(sendmsg),
	SCMP_SYS(setitimer), SCMP_SYS(sigaltstack), SCMP_SYS(write),
};
/* clang-format on */

static int allow_all(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return failed;
}

/* Sockets that connect; nothing listens. Binding is how the resolver asks the
 * kernel (netlink). */
static int allow_asking(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(bind), SCMP_SYS(connect),
		                     SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg) };
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6,
		                        AF_NETLINK };
	int failed = allow_all(filter, calls, sizeof calls / sizeof *calls);

	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		failed |= seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (uint64_t)families[i]));
	return failed;
}

/* Code from files; never what can be written, or has been. */
static int allow_loading(scmp_filter_ctx filter)
{
	return seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
}

/* No more code than there is. */
static int allow_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp data =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        data) |
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	                        data);
}

/* Threads, but no processes. glibc falls back to clone when there is no
 * clone3, whose flags a filter can't see. */
static int allow_threads(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	                        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
	                                CLONE_THREAD)) |
	       seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
	                        SCMP_SYS(clone3), 0);
}

static int allow_abort(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	                        SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
}

/* Calls of which one use is harmless. */
static int allow_some(scmp_filter_ctx filter)
{
	static const uint64_t ioctls[] = { FIONBIO, FIOCLEX, FIONREAD, TCGETS };
	int failed = allow_abort(filter);

	/* reading a limit, not setting one */
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64),
	                           2, SCMP_A0(SCMP_CMP_EQ, 0),
	                           SCMP_A2(SCMP_CMP_EQ, 0));
	failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
	                           SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	for (size_t i = 0; i < sizeof ioctls / sizeof *ioctls; i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		                           SCMP_SYS(ioctl), 1,
		                           SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
	/* what glibc makes of fstat(), also where nothing may be opened */
	failed |= seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
		SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	return failed;
}

static int fill_pure(scmp_filter_ctx filter)
{
	return allow_all(filter, pure_calls,
	                 sizeof pure_calls / sizeof *pure_calls) |
	       allow_memory(filter) | allow_abort(filter) |
	       /* the loop, about its sockets */
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
	                        SCMP_A1(SCMP_CMP_EQ, FIONBIO));
}

static int fill(scmp_filter_ctx filter, const struct sandbox *s)
{
	int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	if (s->pure)
		return failed | fill_pure(filter);
	failed |= allow_all(filter, common_calls,
	                    sizeof common_calls / sizeof *common_calls);
	if (s->n_paths != 0)
		failed |= allow_all(filter, file_calls,
		                    sizeof file_calls / sizeof *file_calls);
	if (s->accept)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		                           SCMP_SYS(accept4), 0);
	if (s->share)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		                           SCMP_SYS(memfd_create), 0);
	if (s->ask)
		failed |= allow_asking(filter);
	if (s->load)
		failed |= allow_loading(filter);
	if (s->list)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		                           SCMP_SYS(getdents64), 0);
	failed |= allow_memory(filter);
	failed |= allow_threads(filter);
	failed |= allow_some(filter);
	return failed;
}

static struct err enter_seccomp(const struct sandbox *s)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = filter != NULL && fill(filter, s) == 0 &&
	          seccomp_load(filter) == 0;

	seccomp_release(filter);
	return ok ? OK : err(ERR_NOPERM, "can't enter its seccomp filter");
}

struct err sandbox_enter(const struct sandbox *s)
{
	struct err e = enter_landlock(s);

	return is_ok(e) ? enter_seccomp(s) : e;
}
