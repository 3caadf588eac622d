/*
 * outside.h -- the process that asks those outside, on auth's behalf.
 *
 *      auth ──ASK──► ┌─────────┐ ──HTTP──► whoever issues tokens
 *           ◄─TOLD── │ outside │ ──────────► files, SQL, LDAP, PAM
 *                    └─────────┘
 *
 * It is a program of its own, so that the libraries which speak to databases
 * and directories are in no process that holds something. It has no client,
 * no mail and no accounts: what it is told, it is told about one question.
 *
 * A question has ASK_SECONDS, waiting included; each of those asked is
 * asked DESK_PLACES questions at once, by threads that may wait for it. One
 * that does not come back long after its time ends the process: auth's
 * questions then fail as unavailable, and the parent starts it again.
 */
#pragma once

#include <stdint.h>

#include "outside/source.h"
#include "task/task.h"

struct outside_options {
	uint32_t ask_ms;         /* for a question, in all */
	uint32_t hang_ms;        /* beyond that, until the process gives up */
	struct sources *sources; /* source.h */
};

/* Before the sandbox, by the only thread: what libraries load and read for
 * their whole life. */
void outside_prepare(void);

/* Serves until the parent has gone or has said STOP; an exit status. Takes
 * parent_fd over; allocates for the process's life. */
int outside_main(struct loop *, const struct outside_options *, int parent_fd);
