/*
 * audit.h -- what a session is about to change is recorded first.
 *
 *	handler ─► audit_...() ─► (durable) ─► the change ─► tagged reply
 *	                                            └─refused─► a second entry
 *
 * Changes of rights, of limits and of what others see always are; what is
 * deleted, moved or expunged if a policy asks for it. What can't be recorded
 * is not done: these return ERR_UNAVAILABLE. Of messages only numbers are told.
 * All suspend.
 */
#pragma once

#include "imap/internal.h"

/* A change of the mailbox of that name; "": of the account. */
struct err audit_change(struct session *, struct slice mailbox,
                        struct slice change);

/* The mailbox goes, or (to is not "") has another name from now on. */
struct err audit_mailbox(struct session *, struct slice mailbox,
                         struct slice to);

/* Messages of the selected mailbox go, into another one if to is not "". */
struct err audit_messages(struct session *, const struct uidset *,
                          struct slice to);

/* Is what goes recorded? Else there is no need to find out what does. */
bool audit_wants_messages(const struct session *);

/* The running command ends so; asked by commands.c. */
void audit_result(struct session *, struct err);
