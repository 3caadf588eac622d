/* copy.h -- what COPY and MOVE are in one account and between two. */
#pragma once

#include "imap/internal.h"

/* copy = "COPY" SP sequence-set SP mailbox */
struct slice parse_copy(struct cursor *, struct seq_set *);

/* "* OK [code] Moved": MOVE says where messages went before it says that they
 * are gone. */
void reply_moved(struct session *, struct slice code);

/* What has been moved to another account goes, whatever flags it has got
 * meanwhile: at no time is it shown as \Deleted. to: where it is now, or "". */
struct err session_remove(struct session *, const struct uidset *,
                          struct slice to);

/* Those that are \Deleted go, of uids or (NULL) of all. */
struct err session_expunge(struct session *, const struct uidset *uids,
                           struct uidset *expunged);
