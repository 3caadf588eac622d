/*
 * dovecot_internal.h -- between connection and attempts of mail transfer
 * agents.
 */
#pragma once

#include "auth/dovecot_line.h"
#include "auth/internal.h"

/* A connection. */
struct dovecot {
	struct dovecot *next;
	struct auth *auth;
	struct stream *stream;
	struct buf in; /* has what clients say: wiped */
	uint32_t minor;
	struct dovecot_attempt *attempts; /* newest first */
	unsigned n_attempts;
	struct timer leaving; /* runs: it is over after this turn */
};

/* The line is ended, sent and freed. What fails here fails the next read,
 * which ends the connection. */
void dovecot_send(struct dovecot *, struct buf *line);

/* The connection ends when what is queued has been sent. */
void dovecot_leave(struct dovecot *);

/* -- dovecot_attempt.c -- */

/* The mechanism is one that is offered here. The id is new. */
void dovecot_begin(struct dovecot *, const struct dovecot_request *, enum sasl);

/* What the client says, base64. */
void dovecot_respond(struct dovecot *, uint32_t id, struct slice text);
void dovecot_cancel(struct dovecot *, uint32_t id);
bool dovecot_knows(const struct dovecot *, uint32_t id);

/* FAIL, at once. */
void dovecot_refuse(struct dovecot *, uint32_t id, struct err);

/* Of all attempts nobody will hear any more. */
void dovecot_abandon(struct dovecot *);
