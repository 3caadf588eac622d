/* fiber.c -- ucontext, and what AddressSanitizer must be told about it. */
#include "task/fiber.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum {
	GUARD_SIZE = 64 * 1024, /* larger than any frame: none leaps over it */
#ifdef WITH_ASAN
	STACK_SIZE = 1024 * 1024, /* red zones make every frame larger */
#else
	STACK_SIZE = 256 * 1024,
#endif
};

static void must(bool ok)
{
	if (ok)
		return;
	fputs("level=error event=no_stack\n", stderr);
	abort();
}

void *fiber_stack_new(void)
{
	char *p = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
	               -1, 0);

	must(p != MAP_FAILED);
	must(mprotect(p + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) == 0);
	return p + GUARD_SIZE;
}

/* Frames that were left by a jump, not by a return, are still poisoned. */
static void unpoison(void *stack)
{
#ifdef WITH_ASAN
	__asan_unpoison_memory_region(stack, STACK_SIZE);
#else
	(void)stack;
#endif
}

void fiber_stack_free(void *stack)
{
	unpoison(stack);
	munmap((char *)stack - GUARD_SIZE, GUARD_SIZE + STACK_SIZE);
}

void fiber_init(struct fiber *f, void *stack, void (*entry)(void))
{
	unpoison(stack);
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = stack;
	f->context.uc_stack.ss_size = STACK_SIZE;
	f->context.uc_link = NULL;
	f->bottom = stack;
	f->size = STACK_SIZE;
	makecontext(&f->context, entry, 0);
}

void fiber_begin(struct fiber *from)
{
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(NULL, &from->bottom, &from->size);
#else
	(void)from;
#endif
}

void fiber_jump(struct fiber *from, struct fiber *to, bool last)
{
#ifdef WITH_ASAN
	__sanitizer_start_switch_fiber(last ? NULL : &from->fake, to->bottom,
	                               to->size);
	swapcontext(&from->context, &to->context);
	__sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
#else
	(void)last;
	swapcontext(&from->context, &to->context);
#endif
}
