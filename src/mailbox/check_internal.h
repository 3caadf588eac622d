/* check_internal.h -- what the two halves of mailbox_check() share. */
#pragma once

#include "mailbox/check.h"
#include "mailbox/internal.h"

struct check {
	struct partition *partition;
	struct check_report *report;
	uint64_t account;
	struct account_meta meta;  /* the account's */
	struct mailbox_meta found; /* of the mailbox at hand: a recount */
	struct slice name;         /* of the mailbox at hand */
	struct err e;              /* the index couldn't be read */

	/* of the account, recounted */
	uint64_t bytes, messages;
	uint32_t mailboxes;
	uint64_t rows[T_HEADS + 1]; /* by table, of mailboxes that are */
};

/* One line of the report; the mailbox at hand is named. */
void check_problem(struct check *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* All messages of a mailbox against its record. */
void check_messages(struct check *, const struct mailbox_meta *,
                    size_t n_keywords);
