/*
 * check.h -- the mailbox model's invariants, verified on a directory.
 *
 * For every mailbox: records sorted, counters and quota equal a recount,
 * UIDNEXT above every UID, modseqs at most the account's, a digest and a
 * blob for every record and none too many, names and mailboxes agree. Adds
 * to what store_check() found.
 */
#pragma once

#include "store/check.h"

struct err mailbox_check(const char *dir, struct check_report *);
