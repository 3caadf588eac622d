/*
 * faultfs.h -- the disk fails when a test says so.
 *
 * faultfs.c stands between a program and libc, put before it with
 * LD_PRELOAD. It counts the operations on files below a directory
 * that can fail for want of space or by a bad disk, and lets the chosen one
 * fail. The state is in memory that all processes share: of a file named by
 * FAULTFS_STATE (made by the test, of this struct, zeroed).
 */
#pragma once

#include <stdint.h>

enum fault_kind {
	FAULT_NONE, /* only count */
	FAULT_ENOSPC,
	FAULT_EIO,
	FAULT_SHORT, /* writes write half of it; everything else is EIO */
	FAULT_KINDS
};

enum { FAULT_PATH = 256 };

struct fault_state {
	char dir[FAULT_PATH]; /* absolute; empty: nothing is counted */
	uint64_t count;       /* operations so far */
	uint64_t at;          /* the operation that fails, from 1 */
	uint32_t kind;        /* enum fault_kind */
	uint32_t forever;     /* and all after it */
	uint64_t failed;      /* how many did */
};

struct fault_state *faultfs_state(void);
