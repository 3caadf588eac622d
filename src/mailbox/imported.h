/* imported.h -- mailboxes that come from another server. */
#pragma once

#include "mailbox/account.h"

/*
 * mailbox_create() for a normal name of another server's mailbox: one that is
 * called "Gesendet" or "已发送" is \Sent from now on, if the mailbox that is
 * has never had a message. ERR_ALREADYEXISTS, then nothing is changed.
 */
struct err mailbox_create_imported(struct account *, struct slice name);
