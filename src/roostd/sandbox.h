/*
 * sandbox.h -- what a process may still ask of the kernel.
 *
 * Two walls, each of which would do alone. Seccomp: a list of the system
 * calls a role needs; everything else fails with EPERM. Landlock (where the
 * kernel has it): the only directories in which anything can be opened.
 * Neither can be undone. No memory becomes executable: code must have been
 * loaded before (or, `load`, come from a file).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sandbox_path {
	const char *path;
	bool write; /* and make, rename, remove what is in it */
};

struct sandbox {
	/* Without any, no file can be opened at all. One that isn't there is
	 * passed over. */
	const struct sandbox_path *paths;
	size_t n_paths;
	bool accept; /* new connections, on listeners it is handed */
	bool share;  /* make memory to share: the page of a link to parse */
	bool pure;   /* nothing but reckon, and talk over what it is handed */
	bool ask;    /* connect to others */
	bool load;   /* libraries, from files */
	bool list;   /* what is in directories it is handed */
};

/* For a process of one thread, which has no_new_privs. ERR_NOPERM, and the
 * process must end; a kernel without Landlock is a warning in the log. */
struct err sandbox_enter(const struct sandbox *);
