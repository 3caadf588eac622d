/*
 * maildir.h -- the names and small files of a Maildir, as bytes.
 *
 *	cur/1448321640.M5P7.host,S=1355:2,FSab    a message: flags and keywords
 *	dovecot-uidlist       3 V1448321640 N77   UIDVALIDITY, UIDNEXT
 *	                      76 :1448321640.M5P7.host,S=1355
 *	dovecot-keywords      0 $Label1           what letter 'a' means
 *	subscriptions         one name a line
 *	.Lists.C&AOk-a/       a mailbox below: Lists/Céa (modified UTF-7)
 *
 * No files are opened here (import_maildir.c, export_maildir.c): pure
 * functions over foreign bytes. What can't be read is tolerated: a message
 * with an odd name is still a message.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum { MAILDIR_KEYWORDS = 26 }; /* 'a' to 'z' */

struct maildir_name {
	struct slice base; /* what stays the same when flags change */
	uint8_t flags;     /* enum message_flag */
	bool passed;       /* 'P': forwarded or bounced */
	uint32_t keywords; /* bit 0 is 'a' */
};

/* Every file name is one; sizes in it (S=, W=) are part of base and are not
 * looked at. */
struct maildir_name maildir_name_parse(struct slice file);
void maildir_name_write(const struct maildir_name *, struct buf *out);

/* First line of dovecot-uidlist, version 3. False: not that. */
bool maildir_uidlist_head(struct slice line, uint32_t *uidvalidity,
                          uint32_t *uidnext);
/* Its other lines. base is a maildir_name's. */
bool maildir_uidlist_line(struct slice line, uint32_t *uid, struct slice *base);

/* A line of dovecot-keywords: index 0 is 'a'. */
bool maildir_keyword_line(struct slice line, unsigned *index,
                          struct slice *name);

/*
 * Mailbox name of a directory (without its leading dot) and back. What no
 * mailbox name may hold becomes '_'. A dot within a level is written &AC4-,
 * so that every name comes back.
 */
void maildir_folder_decode(struct slice dir, struct buf *out);
void maildir_folder_encode(struct slice mailbox, struct buf *out);

/* The next name in a subscriptions file (both of Dovecot's versions): clears
 * out, appends the mailbox name. False at the end. Zeroed state at first. */
struct maildir_subscriptions {
	bool begun;
	bool with_tabs; /* version 2: tabs between levels */
};

bool maildir_subscription(struct maildir_subscriptions *, struct slice *rest,
                          struct buf *out);
