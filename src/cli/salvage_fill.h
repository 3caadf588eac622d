/*
 * salvage_fill.h -- messages to the mailboxes of a new partition, many at a
 * time.
 *
 * Packs have messages in the order in which they came: the next one is for
 * somebody else. Appended one by one, each would wait for the disk. So they
 * are gathered; then each account has a task that appends its own, mailbox by
 * mailbox, and the store commits together what is ready at the same time.
 */
#pragma once

#include "cli/places.h"
#include "cli/progress.h"
#include "mailbox/account.h"

struct salvage_fill;

/* All three must outlive it; the progress counts what has been taken. */
struct salvage_fill *salvage_fill_new(struct model *, const struct places *,
                                      struct progress *);

/* Takes a copy of the message. False: an error, which free() returns; all
 * that follows is dropped. Suspends. */
bool salvage_fill_add(struct salvage_fill *, struct slice message,
                      const struct place *);

/* Appends what is still waiting; the first error. Suspends. */
struct err salvage_fill_free(struct salvage_fill *);
