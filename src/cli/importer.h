/*
 * importer.h -- the sending half of an import, whatever it reads from.
 *
 *	open ─► mailbox ─► (begin ─► data ... ─► end) ... ─► close
 *	           ▲                                   │
 *	           └───────────────────────────────────┘
 *
 * Messages are committed some at a time; what importer_close() has said yes
 * to is durable. The first error sticks: it is reported once, by close.
 */
#pragma once

#include "cli/control.h"
#include "cli/progress.h"
#include "cli/transfer.h"
#include "cli/verb.h"

struct importer {
	struct control mail;
	struct progress progress;
	struct slice below; /* of --mailbox: names go below it */
	unsigned pending;   /* messages since the last commit */
	uint64_t pending_bytes;
	bool left_out; /* something that should have been there to read */
	struct err e;
	char text[512]; /* e.text's */
};

/* --user and --mailbox of the verb. An exit status; total is for the bar. */
int importer_open(const struct call *, uint64_t total, struct importer *);

/*
 * Messages go to this mailbox from now on. Commits what is pending. False:
 * it has had messages, and the UIDs of the import can't be kept (the caller
 * sends them as 0).
 */
bool importer_mailbox(struct importer *, const struct transfer_mailbox *);

/* Behind the last message with a UID: UIDNEXT is at least this. */
void importer_uidnext(struct importer *, const struct transfer_mailbox *);

void importer_begin(struct importer *, const struct transfer_message *);
void importer_data(struct importer *, struct slice bytes);
void importer_end(struct importer *, uint64_t progress);

/* Warns that `what` is not imported, and why: close will not say EX_OK. */
void importer_leave_out(struct importer *, const char *what, const char *why);

/* Commits; an exit status. How many messages there were is printed. */
int importer_close(struct importer *);
