/*
 * state.h -- how things are, as a text: equal texts are equal states.
 *
 * Of an account: its mailboxes and subscriptions, their counters, every
 * message with its flags, modseq and the hash of its bytes as read back, what
 * visitors have seen, and what it remembers of those expunged. Of the
 * directory: every row. Of a site: the names and hashes of its files. There is
 * no time and no chance in it that a recovery could change.
 */
#pragma once

#include "base/buf.h"
#include "directory/directory.h"
#include "mailbox/account.h"

/* An account that is not there has the text "absent". Suspends. */
void state_of_account(struct model *, uint64_t id, struct buf *out);
void state_of_directory(struct directory *, struct buf *out);

/* Of a directory that `roost init` made: "absent" without its configuration,
 * which comes last. */
void state_of_site(const char *dir, struct buf *out);

/* A number that a mailbox's line has behind "key="; 0: no such mailbox. */
uint64_t state_number(struct slice state, const char *mailbox, const char *key);
