/*
 * audit_entry.h -- what is told of a change, for the audit log.
 *
 * Whoever changes something says so before it does it, to a recorder; the
 * entry goes from process to process until it is durable. Slices are the
 * caller's; each may be "".
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { AUDIT_EVENT = 32, AUDIT_TEXT = 1000 /* octets, at most */ };

struct audit_entry {
	struct slice event;   /* small letters and '_' */
	uint64_t account;     /* whose mail it is; 0: nobody's alone */
	uint64_t who;         /* account of who does it; 0: an administrator */
	uint32_t uid;         /* of the machine: which one */
	uint64_t messages;    /* that it is about */
	struct slice session; /* id */
	struct slice peer;    /* address of its client */
	struct slice mailbox;
	struct slice mailboxid; /* as in IMAP */
	struct slice to;        /* another mailbox, or the new name */
	struct slice change;    /* what else there is to say of it */
	struct slice uids;      /* of the messages: a set */
	struct slice refused;   /* it was not done: why */
};

struct audit_recorder {
	/* The entry is durable. ERR_UNAVAILABLE: it can't be now. Suspends. */
	struct err (*record)(void *ctx, const struct audit_entry *);
	void *ctx;
};
