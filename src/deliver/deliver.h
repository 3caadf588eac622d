/*
 * deliver.h -- what happens to a message that is for somebody here.
 *
 * The receiving end of a delivery link (ipc/protocol.h): takes one message
 * after another, each for one or more accounts of this partition, and
 * answers one result a recipient. The message goes to the mailbox that the
 * detail names ("user+detail") if it exists, else to INBOX, with
 * Return-Path: and Delivered-To: put before its header.
 */
#pragma once

#include "ipc/link.h"
#include "mailbox/account.h"

/* A task of its own for each link; ends with the link, which it frees. */
void deliver_serve(struct model *, struct link *, uint64_t message_limit_bytes);
