/* recordfs.h -- what recordfs.c and readfs.c share. */
#pragma once

#include <stdbool.h>
#include <sys/uio.h>

#include "../fault.h"

/* Is it a file below the root, and is there a recording? */
bool record_knows(int fd);

/* Of what a caller wants to read or write, so much as a fault leaves. */
struct part {
	const struct iovec *v;
	int n;
	struct iovec half;
	bool lost;
};

/* False: it fails, errno is set. */
bool part_take(struct part *, enum fault_call);
