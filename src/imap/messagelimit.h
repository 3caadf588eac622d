/*
 * messagelimit.h -- as many messages as one command may be about. RFC 9738
 */
#pragma once

#include "imap/internal.h"

uint64_t session_messages_most(const struct session *);

/* Leaves those with the highest UIDs, if there are too many; the answer will
 * say so. */
void session_limit_messages(struct session *, struct uidset *);

/* Of what can't be done in parts: NO [MESSAGELIMIT n]. */
struct err session_check_messages(struct session *, uint64_t n);

/* Before a tagged OK. */
void session_settle_limit(struct session *);
