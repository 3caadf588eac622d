/*
 * deliver.h -- what happens to a message that is for somebody here.
 *
 * The receiving end of a delivery link (ipc/protocol.h): takes one message
 * after another, each for one or more accounts of this partition, and
 * answers one result a recipient. The message goes to the mailbox that the
 * detail names ("user+detail") if it exists, else to INBOX, with a
 * Return-Path: put before its header (RFC 5321 section 4.4).
 *
 * Delivered-To: is put there as well when the message is for one recipient.
 * Messages for several are stored once for all of them, so they must be the
 * same octets; and a header that named all would tell each of the others,
 * those in Bcc: too.
 */
#pragma once

#include "ipc/link.h"
#include "mailbox/account.h"
#include "task/task.h"

/* A message of our own into an account's INBOX, by its rules (quota). Errors
 * as those of an append. Suspends. */
struct err deliver_message(struct loop *, struct model *, uint64_t account,
                           struct slice name, struct slice message);

/* Spawns a task for the link; it ends with the link, which it frees. The peer
 * ("": none) is for the log. */
void deliver_serve(struct loop *, struct model *, struct link *,
                   struct slice peer, uint64_t message_limit_bytes);
