/*
 * delivery.h -- a message on its way to the partitions of its recipients.
 *
 * There is one delivery link for each partition that a recipient lives in,
 * kept from message to message. A link that breaks costs its recipients
 * their delivery and is made anew for the next message; so is one whose
 * message was aborted, lest a late answer be taken for the next one's.
 *
 *   delivery_add ... ──► delivery_begin ──► delivery_data ... ──► delivery_end
 *        ▲                                        │                   │
 *        └── delivery_forget ◄────────────────────┴── delivery_break ─┘
 *
 * What mail answers goes to lmtp_result(); who got no answer keeps what
 * lmtp.c took for granted, that it can't be delivered now.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc/protocol.h"
#include "lmtp/lmtp.h"

struct gate;
struct delivery;

/* Nothing here calls changed() while it is being called itself. */
struct delivery_options {
	struct gate *gate;
	struct lmtp *lmtp;
	const char *session_id; /* SESSION_ID_SIZE bytes; outlives it */
	struct slice peer;      /* address and port, "": none; outlives it */
	/* an answer came, a link broke or its queue ran empty; may free */
	void (*changed)(void *arg);
	void *arg;
};

struct delivery *delivery_new(const struct delivery_options *);
void delivery_free(struct delivery *); /* what is not ended is not delivered */

/* In the order of lmtp.h's numbers; the slices are copied. */
void delivery_add(struct delivery *, uint64_t account, uint32_t partition,
                  struct slice name, struct slice detail);
void delivery_forget(struct delivery *);

void delivery_begin(struct delivery *, struct slice sender);
void delivery_data(struct delivery *, struct slice bytes);
void delivery_end(struct delivery *);

/* No answer is waited for any more; nor sent, if it had not ended. */
void delivery_break(struct delivery *);

bool delivery_is_slow(const struct delivery *); /* don't send more now */
bool delivery_is_answered(const struct delivery *);
