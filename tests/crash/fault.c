/* fault.c -- see fault.h. */
#include "fault.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OF(call) (UINT32_C(1) << CALL_##call)

enum {
	FILLS = OF(MAKE) | OF(WRITE) | OF(SYNC_WRITE) | OF(SYNC) | OF(NAME) |
	        OF(SIZE),
	MOVES = OF(READ) | OF(WRITE) | OF(SYNC_WRITE),
	OPENS = OF(OPEN) | OF(MAKE),
};

const struct fault_form fault_forms[FAULT_KINDS] = {
	[FAULT_NONE] = { "nothing", 0, FILLS, false },
	[FAULT_ENOSPC] = { "no space", ENOSPC, FILLS, false },
	[FAULT_EIO] = { "error", EIO, FILLS | MOVES | OPENS, false },
	[FAULT_SHORT] = { "short", EIO, MOVES, false },
	[FAULT_EDQUOT] = { "over quota", EDQUOT, FILLS, false },
	[FAULT_EMFILE] = { "no descriptor", EMFILE, OPENS, false },
	[FAULT_ENOMEM] = { "no kernel memory", ENOMEM, OPENS | OF(MAP), false },
	[FAULT_EINTR] = { "interrupted", EINTR, MOVES | OPENS | OF(SYNC),
	                  true },
	[FAULT_SYNC] = { "sync lost", EIO, OF(SYNC) | OF(SYNC_WRITE), false },
};

static struct fault_state *map_state(void)
{
	void *p = (void *)syscall(SYS_mmap, NULL, sizeof(struct fault_state),
	                          PROT_READ | PROT_WRITE,
	                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static struct fault_state *shared;

/* Before main, and so before any thread. */
__attribute__((constructor)) static void begin(void)
{
	if (shared == NULL)
		shared = map_state();
}

void fault_state_own(void)
{
	shared = map_state();
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

	if (s->paused || (form->calls & UINT32_C(1) << call) == 0)
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
