/*
 * messagelimit.h -- as many messages as one command may be about. RFC 9738
 *
 * SAVELIMIT is never announced: it would say of COPY and APPEND alone what
 * MESSAGELIMIT says of them, too. What SEARCH saves is what it found.
 */
#pragma once

#include "imap/internal.h"

uint64_t session_messages_most(const struct session *);

/* Leaves those with the highest UIDs, if there are too many; the answer will
 * say so. */
void session_limit_messages(struct session *, struct uidset *);

/* Of what can't be done in parts: NO [MESSAGELIMIT n]. */
struct err session_check_messages(struct session *, uint64_t n);

/* Another session has done a part of the command, and said that. */
void session_take_limit(struct session *, struct slice tagged);

/* Before a tagged OK. */
void session_settle_limit(struct session *);
