/*
 * house.h -- a store for the targets that need one.
 *
 * Making one takes longer than most inputs, so there is one a process, in
 * memory, removed at its end; each input has an account of its own in it.
 */
#pragma once

#include "base/slice.h"
#include "mailbox/account.h"

enum { HOUSE_ACCOUNT = 1 };

/* Makes the account, runs fn in a task, deletes the account, which must not
 * be open then. */
void house_run(void (*fn)(struct model *, struct slice input),
               struct slice input);
