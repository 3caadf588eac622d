/*
 * peer.h -- a client of a session, for the targets that speak with one.
 *
 * What the session says are whole responses, and the message numbers that it
 * tells are of messages that the client knows; else the program ends.
 */
#pragma once

#include "base/buf.h"
#include "imap/session.h"

struct peer {
	struct slice in;
	struct buf out;
	struct session *session;
	bool over;
	bool looks_on;  /* INBOX, from its first command to its last */
	uint64_t knows; /* messages of the selected mailbox */
};

void must(bool holds);

void peer_start(struct peer *, const struct session_config *, uint64_t account);
void peer_say(struct peer *, struct slice bytes); /* suspends */
void peer_end(struct peer *);

/* A message with parts. */
void inbox_add(struct model *, struct account *);
