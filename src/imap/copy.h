/* copy.h -- what COPY and MOVE are in one account and between two. */
#pragma once

#include "imap/internal.h"

/* copy = "COPY" SP sequence-set SP mailbox */
struct slice parse_copy(struct cursor *, struct seq_set *);

/* "* OK [code] Moved": MOVE says where messages went before it says that they
 * are gone. */
void reply_moved(struct session *, struct slice code);
