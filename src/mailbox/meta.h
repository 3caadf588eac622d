/*
 * meta.h -- the records of accounts and mailboxes, as values and as bytes.
 *
 * A change takes a copy, alters it, writes it, and puts it in the place of
 * the old one when the batch is durable. Nothing here owns memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "mailbox/mailbox.h"

struct account_meta {
	uint64_t modseq;        /* the last one given out, account-wide */
	uint32_t last_mailbox;  /* the last mailbox id given out */
	uint32_t uidvalidity;   /* the last one given out */
	uint32_t subscriptions; /* how many */
	uint32_t thread_ids;    /* rows of T_THREAD */
	uint64_t id_key[2]; /* of the hashes that others see, and T_THREAD's */
	struct quota quota;
};

struct mailbox_meta {
	uint32_t id;
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint32_t messages;
	uint32_t unseen;
	uint32_t deleted;
	uint32_t special_use; /* enum special_use */
	uint32_t last_chunk;  /* key of the last chunk of records, 0: none */
	uint64_t highestmodseq;
	uint64_t log_floor;  /* of the expunge log (vanished.c): rows up to */
	uint32_t log_ranges; /* this modseq are gone; ranges of the others */
	uint64_t size;
	uint64_t deleted_size;
	bool noselect;
};

/* name is at most LIMIT_NAME octets */
void account_meta_write(const struct account_meta *, struct slice name,
                        struct buf *out);
/* *name points into raw. ERR_CORRUPT */
struct err account_meta_read(struct slice raw, struct account_meta *,
                             struct slice *name);

/* names: n of at most LIMIT_KEYWORDS */
void mailbox_meta_write(const struct mailbox_meta *, struct slice name,
                        const struct slice *keywords, size_t n,
                        struct buf *out);

/* *name and keywords[0..*n-1] (LIMIT_KEYWORDS places) point into raw;
 * keywords may be NULL. ERR_CORRUPT */
struct err mailbox_meta_read(struct slice raw, struct mailbox_meta *,
                             struct slice *name, struct slice *keywords,
                             size_t *n);

/* Adds (sign 1) or takes off (sign -1) one message's share. */
void mailbox_meta_count(struct mailbox_meta *, const struct record *, int sign);

void mailbox_meta_status(const struct mailbox_meta *,
                         const struct account_meta *,
                         struct mailbox_status *out);
