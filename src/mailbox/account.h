/*
 * account.h -- an account's mail: its mailboxes, open once in this process.
 *
 * Whoever works on an account holds a reference from account_open(). All
 * sessions and deliveries of an account share one struct account and one
 * struct mailbox a mailbox, which is how a change made by one is in the
 * next one's hands at once (mailbox/view.h).
 *
 * Whoever changes something does so in this order, inside the functions of
 * this room: lock, read, decide, batch_commit, bring the structs in memory
 * up to date, tell the views, unlock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/slice.h"
#include "mime/digester.h"
#include "store/partition.h"
#include "task/task.h"

/* The model of one partition: its store, its clock, its open accounts. */
struct model;

struct model *model_new(struct partition *, const struct clock *);
void model_free(struct model *); /* no account may be open (asserted) */
struct partition *model_partition(struct model *);
const struct clock *model_clock(const struct model *);

/* Who makes the digests of what comes in; stays the caller's. Without one
 * the model makes them itself, on the spot. */
void model_set_digester(struct model *, const struct digester *);

/* How many ranges of UIDs the log of a mailbox's expunges may have, at most
 * LIMIT_EXPUNGE_LOG; without a word that many. */
void model_set_expunge_log(struct model *, uint32_t ranges);

/* The highest UIDVALIDITY that an account has given out, of those that the
 * clock may reach; with an error, as far as that could be read. */
struct err model_last_uidvalidity(struct model *, uint32_t *out);
/* Each that is given out from now on is above this one, if the clock may reach
 * it. */
void model_raise_uidvalidity(struct model *, uint32_t last);

struct account;

/*
 * Makes the account with INBOX and the special mailboxes (Drafts, Sent,
 * Junk, Trash, Archive, each with its SPECIAL-USE attribute and subscribed).
 * ERR_ALREADYEXISTS. Suspends.
 */
struct err account_create(struct model *, uint64_t id, struct slice name);
/* Each UIDVALIDITY that it gives out is above this one. */
struct err account_create_above(struct model *, uint64_t id, struct slice name,
                                uint32_t uidvalidity);

/*
 * All mail of the account. The account must not be open: ERR_INUSE. Another
 * one of its name may not give out its UIDVALIDITYs again, so whoever deletes
 * it keeps the highest one in mind, *kept. ERR_NOTNOW: it is higher than that;
 * *kept is set to it, and nothing else is done. Suspends.
 */
struct err account_delete(struct model *, uint64_t id, uint32_t *kept);

/* ERR_ABSENT when there is no such account here. One reference more. */
struct err account_open(struct model *, uint64_t id, struct account **out);
void account_close(struct account *);

uint64_t account_id(const struct account *);
struct slice account_name(const struct account *); /* valid while open */

/* What an account may have much of. RFC 9208 section 5 */
enum quota_resource {
	QUOTA_STORAGE, /* octets of all messages */
	QUOTA_MESSAGE,
	QUOTA_MAILBOX,
	QUOTA_ANNOTATION_STORAGE, /* octets of names and values */
	QUOTA_RESOURCES
};

struct quota {
	uint64_t used[QUOTA_RESOURCES];
	uint64_t limit[QUOTA_RESOURCES]; /* 0: none */
};

void account_quota(const struct account *, struct quota *out);

/* How much of a limit is used. */
enum quota_band {
	QUOTA_EASY,    /* or there is none */
	QUOTA_FILLING, /* 7 tenths */
	QUOTA_HIGH,    /* 4 fifths */
	QUOTA_FULL,    /* 19 twentieths */
	QUOTA_BANDS
};

enum quota_band quota_band(const struct quota *, enum quota_resource);

/* Storage or messages of an account have come into another band. */
struct quota_watch {
	void (*fn)(void *ctx, uint64_t account, enum quota_resource,
	           const struct quota *);
	void *ctx;
};

void model_watch_quota(struct model *, struct quota_watch);
/* The limits of the resources in the set (1 << enum quota_resource), as above;
 * what is used already may be more. Suspends. */
enum { QUOTA_ALL = (1 << QUOTA_RESOURCES) - 1 };

struct err account_set_quota(struct account *, unsigned set,
                             const uint64_t limit[QUOTA_RESOURCES]);

/* Would this much more still fit? ERR_OVERQUOTA. */
struct err account_has_room(struct account *, uint64_t bytes,
                            uint64_t messages);

/* Calls fn for each account of the partition; false from fn ends the walk. fn
 * may suspend; the name is valid until it does. */
struct err model_accounts(struct model *,
                          bool (*fn)(void *arg, uint64_t id, struct slice name),
                          void *arg);
