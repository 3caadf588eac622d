/*
 * objectid.h -- MAILBOXID, EMAILID and THREADID as clients see them. RFC 8474
 *
 * MAILBOXID is the mailbox's own (mailbox_status.objectid). EMAILID is of the
 * message's bytes and of all else that can't change about it: INTERNALDATE,
 * and its thread, so that two messages with one EMAILID have one THREADID.
 */
#pragma once

#include "base/buf.h"
#include "mailbox/mailbox.h"

/* objectid = 1*255(ALPHA / DIGIT / "_" / "-"), RFC 8474 section 7 */
bool is_objectid(struct slice);

void reply_mailboxid(struct buf *, uint64_t objectid);
void reply_emailid(struct buf *, const struct object_ids *,
                   const struct record *);
void reply_threadid(struct buf *, const struct object_ids *);

/* Is it the one that was asked for? ERR_ABSENT: its record has gone. */
struct err emailid_is(struct mailbox *, uint32_t uid, const struct object_ids *,
                      struct slice asked, bool *is);
bool threadid_is(const struct object_ids *, struct slice asked);
