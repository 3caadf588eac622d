/*
 * door.h -- may this session's user do this? RFC 4314 section 4
 *
 * One table says which rights a command needs on the mailbox that it names
 * and on the one that is selected. What has no row there needs the right to
 * administer the one and to read the other.
 *
 * A mailbox that may not be looked up is not there: ERR_NONEXISTENT, the same
 * as of one that isn't. What lacks only the right is ERR_NOPERM.
 */
#pragma once

#include "imap/internal.h"
#include "mailbox/acl.h"

/* Anything at all? ERR_NOPERM: a policy has made the session read-only. */
struct err door_change(const struct session *);

/* The mailbox that a command names; the running one. */
struct err door_for(struct session *, struct slice command, struct slice name);
struct err door_named(struct session *, struct slice name);
/* The same for a command that will see whether the mailbox is there: OK then
 * says only that nothing else is in its way. */
struct err door_if_there(struct session *, struct slice name);
/* The one it names, open by now: one look says whether it may still be, and
 * with which flags. */
struct err door_opened(struct session *, struct mailbox *,
                       struct flag_rights *);
/* A mailbox that is to be made: the one above it. */
struct err door_made(struct session *, struct slice name);
/* The selected one, for the running command; asked by commands.c. */
struct err door_selected(struct session *);

/* Of the selected mailbox. */
unsigned door_rights(struct session *);

/* A visitor whose right to read has been taken: for him the mailbox is gone. */
bool door_lost_sight(struct session *);

/* Which flags may be changed with these rights (section 4, STORE). */
struct flag_rights flag_rights_of(unsigned rights);

/* "* MYRIGHTS ...", of one that may be looked up (acl.c). RFC 8440 */
void reply_myrights(struct session *, struct slice name);
