/*
 * child.h -- a process between fork() and its work.
 *
 * It closes what it must not have, becomes its user, enters its sandbox and
 * then is its role (gate/gate.h, auth/auth.h, mail_process.h, parse/parse.h).
 * Nothing it needs later is opened before: listeners, links and certificates
 * come as frames from the parent.
 */
#pragma once

#include <stdnoreturn.h>

#include "roostd/server.h"

/* In the forked process. parent_fd is its end of the link to the parent;
 * every other descriptor above 2 is closed. name must stay valid. */
noreturn void child_main(struct server *, enum role role, uint32_t index,
                         const char *name, int parent_fd);
