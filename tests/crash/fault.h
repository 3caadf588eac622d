/*
 * fault.h -- which call of the system fails.
 *
 * What stands between a program and the C library (power/recordfs.c,
 * fault_sockets.c, fault_memory.c) asks here before each call that can fail.
 * Calls that the kind can happen to are counted; the chosen one fails, and as
 * many behind it as are wished. The state is shared with what is forked later,
 * and with a test if FAULT_STATE names a file of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fault_call {
	CALL_OPEN,
	CALL_MAKE, /* opens what may not be there yet; directories */
	CALL_READ,
	CALL_WRITE,
	CALL_SYNC_WRITE, /* through a descriptor that is synchronous */
	CALL_SYNC,
	CALL_NAME, /* rename, unlink */
	CALL_SIZE, /* ftruncate, fallocate */
	CALL_MAP,
	CALL_RECEIVE, /* a stream of octets */
	CALL_SEND,
	CALL_FRAME_IN, /* packets, between processes */
	CALL_FRAME_OUT,
	CALL_ACCEPT,
	CALL_ALLOCATE,
};

enum fault_kind {
	FAULT_NONE, /* only count */
	FAULT_ENOSPC,
	FAULT_EIO,
	FAULT_SHORT, /* reads and writes do half of it */
	FAULT_EDQUOT,
	FAULT_EMFILE,
	FAULT_ENOMEM,
	FAULT_EINTR,
	FAULT_SYNC, /* EIO; the cache has it, the disk never will */
	FAULT_EAGAIN,
	FAULT_ECONNRESET,
	FAULT_EPIPE,
	FAULT_ENOBUFS,
	FAULT_ECONNABORTED,
	FAULT_NULL, /* malloc and its kin */
	FAULT_KINDS
};

struct fault_form {
	const char *name;
	int error;
	uint32_t calls; /* of 1 << enum fault_call */
	bool passes;    /* for ever, nobody could go on */
};

extern const struct fault_form fault_forms[FAULT_KINDS];

#define FAULT_FOR_EVER UINT32_MAX

enum { FAULT_ROLE = 16 };

struct fault_state {
	uint64_t count;        /* calls so far */
	uint64_t at;           /* the one that fails, from 1 */
	uint32_t kind;         /* enum fault_kind */
	uint32_t lasts;        /* so many from there on; 0 is one */
	uint64_t failed;       /* how many did */
	uint32_t paused;       /* nothing fails nor counts */
	char role[FAULT_ROLE]; /* in processes whose name begins so only */
};

struct fault_state *fault_state(void);

/* This process's name from now on. */
void fault_role_is(const char *name);

/* From now on this process, and what it forks, has a state of its own. */
void fault_state_own(void);

enum fault_way {
	FAULT_PASSES,
	FAULT_FAILS, /* errno is set */
	FAULT_HALVES,
	FAULT_LOSES, /* is done, fails, and never reaches the disk */
};

enum fault_way fault_at(enum fault_call);
