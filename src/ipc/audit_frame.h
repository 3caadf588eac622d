/*
 * audit_frame.h -- an entry of the audit log, in a frame.
 *
 * u64 account, u64 who, u32 uid, u64 messages, then slices: event, session,
 * peer, mailbox, mailboxid, to, change, uids, refused.
 */
#pragma once

#include "base/audit_entry.h"
#include "ipc/frame.h"

/* Behind what the frame has. Texts that are too long are cut. */
void audit_frame_put(struct frame_out *, const struct audit_entry *);

/* The rest of the frame; slices are in it. False: it makes no sense. */
bool audit_frame_take(struct frame_in *, struct audit_entry *out);
