/* imported.h -- mailboxes that come from another server. */
#pragma once

#include "mailbox/mailbox.h"

/*
 * mailbox_create() for a normal name of another server's mailbox: one that is
 * called "Gesendet" or "已发送" is \Sent from now on, if the mailbox that is
 * has never had a message. ERR_ALREADYEXISTS, then nothing is changed.
 */
struct err mailbox_create_imported(struct account *, struct slice name);

/* What Dovecot's dovecot-uidlist says. Never lowers UIDNEXT.
 * ERR_NOTNOW when there are messages and uidvalidity is not the mailbox's. */
struct err mailbox_set_uids(struct mailbox *, uint32_t uidvalidity,
                            uint32_t uidnext);
