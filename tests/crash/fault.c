/* fault.c -- see fault.h. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OF(call) (UINT32_C(1) << CALL_##call)

enum {
	FILLS = OF(MAKE) | OF(WRITE) | OF(SYNC_WRITE) | OF(SYNC) | OF(NAME) |
	        OF(SIZE),
	MOVES = OF(READ) | OF(WRITE) | OF(SYNC_WRITE),
	OPENS = OF(OPEN) | OF(MAKE),
	/* of a socket between processes the kernel says that it has been cut
	 * off only when the other one has ended */
	STREAMS = OF(RECEIVE) | OF(SEND),
	LEAVES = OF(SEND) | OF(FRAME_OUT),
	TALKS = STREAMS | OF(FRAME_IN) | OF(FRAME_OUT),
};

const struct fault_form fault_forms[FAULT_KINDS] = {
	[FAULT_NONE] = { "nothing", 0, FILLS, false },
	[FAULT_ENOSPC] = { "no space", ENOSPC, FILLS, false },
	[FAULT_EIO] = { "error", EIO, FILLS | MOVES | OPENS, false },
	[FAULT_SHORT] = { "short", EIO, MOVES | STREAMS, false },
	[FAULT_EDQUOT] = { "over quota", EDQUOT, FILLS, false },
	[FAULT_EMFILE] = { "no descriptor", EMFILE, OPENS | OF(ACCEPT), false },
	[FAULT_ENOMEM] = { "no kernel memory", ENOMEM,
	                   OPENS | OF(MAP) | TALKS | OF(ACCEPT), false },
	[FAULT_EINTR] = { "interrupted", EINTR,
	                  MOVES | OPENS | OF(SYNC) | TALKS | OF(ACCEPT), true },
	[FAULT_EAGAIN] = { "not now", EAGAIN, TALKS | OF(ACCEPT), true },
	[FAULT_ECONNRESET] = { "reset", ECONNRESET, STREAMS, false },
	[FAULT_EPIPE] = { "closed", EPIPE, OF(SEND), false },
	[FAULT_ENOBUFS] = { "no buffers", ENOBUFS, LEAVES | OF(ACCEPT), false },
	[FAULT_ECONNABORTED] = { "aborted", ECONNABORTED, OF(ACCEPT), false },
	[FAULT_NULL] = { "no memory", ENOMEM, OF(ALLOCATE), false },
	[FAULT_SYNC] = { "sync lost", EIO, OF(SYNC) | OF(SYNC_WRITE), false },
};

static struct fault_state *map_state(int fd)
{
	int flags = fd >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS;
	void *p = (void *)syscall(SYS_mmap, NULL, sizeof(struct fault_state),
	                          PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* -1: the test's own program asks. */
static int open_state(void)
{
	const char *path = getenv("FAULT_STATE");

	return path == NULL ? -1
	                    : (int)syscall(SYS_openat, AT_FDCWD, path,
	                                   O_RDWR | O_CLOEXEC, 0);
}

static struct fault_state *shared;
static char role[FAULT_ROLE] = "parent";

void fault_role_is(const char *name)
{
	strncpy(role, name, sizeof role - 1);
}

static bool is_meant(const struct fault_state *s)
{
	return strncmp(role, s->role, strnlen(s->role, FAULT_ROLE)) == 0;
}

/* Before main, and so before any thread. */
__attribute__((constructor)) static void begin(void)
{
	int fd;

	if (shared != NULL)
		return;
	fd = open_state();
	shared = map_state(fd);
	if (fd >= 0)
		syscall(SYS_close, fd);
}

void fault_state_own(void)
{
	shared = map_state(-1);
}

struct fault_state *fault_state(void)
{
	begin();
	return shared;
}

/* No disk knows what it holds after a failed sync. */
static enum fault_way way_of(const struct fault_state *s, enum fault_call call)
{
	if (s->kind == FAULT_SHORT)
		return FAULT_HALVES;
	if (s->kind == FAULT_SYNC)
		return FAULT_LOSES;
	if (s->kind == FAULT_EIO && call == CALL_SYNC_WRITE)
		return FAULT_LOSES;
	if (s->kind != FAULT_EINTR && call == CALL_SYNC)
		return FAULT_LOSES;
	return FAULT_FAILS;
}

enum fault_way fault_at(enum fault_call call)
{
	struct fault_state *s = fault_state();
	const struct fault_form *form = &fault_forms[s->kind % FAULT_KINDS];
	uint64_t n;

	if (s->paused || (form->calls & UINT32_C(1) << call) == 0 ||
	    !is_meant(s))
		return FAULT_PASSES;
	n = __atomic_add_fetch(&s->count, 1, __ATOMIC_SEQ_CST);
	if (s->kind == FAULT_NONE || s->at == 0 || n < s->at)
		return FAULT_PASSES;
	if (s->lasts != FAULT_FOR_EVER && n > s->at && n - s->at >= s->lasts)
		return FAULT_PASSES;
	__atomic_add_fetch(&s->failed, 1, __ATOMIC_SEQ_CST);
	errno = form->error;
	return way_of(s, call);
}
