/*
 * privileges.h -- giving up what a process was started with.
 *
 * Whoever comes out of privileges_drop() can't gain anything by executing a
 * file, can't be looked into by another process of the same user, leaves no
 * core, and has no capability.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Who a process runs as. */
struct identity {
	uid_t uid;
	gid_t gid;
	bool change; /* false: as it was started */
};

/*
 * The user called `name`. "": as started; so is everybody when roostd was
 * not started by root. ERR_ABSENT: there is no such user.
 */
struct err identity_find(const char *name, struct identity *out);

/* For a process of one thread. ERR_NOPERM, and the process must end. */
struct err privileges_drop(const struct identity *);
