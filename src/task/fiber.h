/*
 * fiber.h -- a stack of one's own, and the jump from one stack to another.
 *
 *      ┌───────┬──────────────────────────────┐
 *      │ guard │ stack, grows downwards       │
 *      └───────┴──────────────────────────────┘
 *      PROT_NONE: running over is a SIGSEGV, never somebody else's memory
 *
 * Pages come into being when they are touched. Used inside task/ only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

struct fiber {
	ucontext_t context;
	void *fake;         /* AddressSanitizer's */
	const void *bottom; /* lowest usable address */
	size_t size;        /* usable bytes above it */
};

/* A mapped stack; ends the process when the kernel has none to give. */
void *fiber_stack_new(void);
void fiber_stack_free(void *stack);

/* Makes f ready to begin in entry() on that stack. entry() must call
 * fiber_begin() first, and must not return. */
void fiber_init(struct fiber *f, void *stack, void (*entry)(void));

/* from: who jumped here. */
void fiber_begin(struct fiber *from);

/* Returns when somebody jumps back to `from`; never, when last is set. */
void fiber_jump(struct fiber *from, struct fiber *to, bool last);
