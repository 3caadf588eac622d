/*
 * mail_process.h -- the process that has the mail of one partition.
 *
 *   parent ── PEER, RELOAD, STOP ──► ┌──────┐ ◄── SESSION + client ── gate
 *   auth ─── EXPECT, ACCOUNT_*, ───► │ mail │ ◄── DELIVER + link ──── gate
 *            CONTROL + link          │      │ ◄── digests ─────────── parse
 *                                    └──────┘
 *
 * It opens its partition, believes auth about who may have a session, and
 * starts what others wrote: IMAP sessions (imap/conn.h), delivery
 * (deliver/deliver.h), control links (admin/serve_mail.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "task/task.h"

struct mail_limits {
	uint64_t message_bytes;
	uint64_t sessions_per_account;
	uint64_t write_seconds;
	uint64_t command_seconds;
	uint64_t command_messages;
};

struct mail_options {
	const char *directory; /* of the partition; `roost init` made it */
	uint32_t index;        /* of the partition */
	struct slice hostname;
	struct mail_limits limits;
	uint32_t parsers; /* processes that read messages */
	uint32_t hang_ms; /* one that says nothing for so long is no good */
	bool check_index; /* the process before this one ended oddly */

	/* Reads a new configuration (FRAME_RELOAD); the descriptor stays the
	 * caller's. False: keep what there is. */
	bool (*reload)(void *arg, int fd, struct mail_limits *);
	void *reload_arg;
};

/*
 * Serves until FRAME_STOP has been obeyed or the parent has gone; an exit
 * status. Takes parent_fd over (a link). Allocates for the process's whole
 * life: end the process after it.
 */
int mail_main(struct loop *, const struct mail_options *, int parent_fd);
