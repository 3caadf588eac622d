/* progress.h -- a command that takes long says so. RFC 9585 */
#pragma once

#include "imap/internal.h"

/*
 * task_go_on() of a command that has looked at `done` messages: tells the
 * client so every 10 seconds. ERR_CLOSED: there is nobody left to tell.
 * Suspends.
 */
struct err session_progress(struct session *, uint64_t done);

/* Of a command that others work for: the same error. Suspends. */
struct err session_look(struct session *);
