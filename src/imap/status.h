/* status.h -- the items of STATUS, alone and in LIST. */
#pragma once

#include "imap/internal.h"

/* status-att *(SP status-att), parentheses included: a set of items. */
unsigned parse_status_items(struct cursor *);

/* "* STATUS name (...)" */
void reply_mailbox_status(struct session *, struct slice name,
                          const struct mailbox_status *, unsigned items);
