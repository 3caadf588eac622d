/*
 * internal.h -- what the files of this room share.
 *
 *      model ──► accounts (open, or idle for a while) ──► mailboxes (same)
 *                                                            │
 *                                              views of sessions
 *
 * Everything in these structs is committed state; a change works on copies
 * (mailbox/change.h) and puts them here when the batch is durable.
 */
#pragma once

#include "base/uidset.h"
#include "mailbox/account.h"
#include "mailbox/chunk.h"
#include "mailbox/keyword.h"
#include "mailbox/mailbox.h"
#include "mailbox/meta.h"
#include "mailbox/notice.h"
#include "store/partition.h"
#include "task/task.h"

/* Accounts and mailboxes that nobody uses are kept a while: a client that
 * connects anew for each command finds them as it left them. */
enum { IDLE_ACCOUNTS = 64, IDLE_MAILBOXES = 8 };

/* Has any mailbox of an account a list of rights? Most have none. */
enum has_lists { LISTS_UNKNOWN, LISTS_NONE, LISTS_SOME };

struct account {
	struct model *model;
	struct account *next; /* in its bucket */
	uint64_t id;
	struct slice name; /* own memory */
	uint32_t refs;
	uint64_t idle_since; /* model's tick; when refs is 0 */
	struct account_meta meta;
	struct task_mutex write; /* whoever changes something holds it */
	struct mailbox *mailboxes;
	uint32_t idle_mailboxes;
	enum has_lists lists; /* of rights (acl.c) */
	struct notice_listener *listeners;
};

struct mailbox {
	struct account *account;
	struct mailbox *next; /* of the account */
	uint32_t refs;
	uint64_t idle_since;
	bool gone;   /* deleted: not found any more, freed with the last ref */
	bool loaded; /* uids is known */
	struct mailbox_meta meta;
	struct slice name; /* own memory */
	struct keywords keywords;
	struct uidset uids;
	uint32_t seen_below; /* every message below this UID has \Seen */
	struct view *views;
	struct ranks *ranks; /* ranks.h; NULL: none */
};

struct partition *account_partition(const struct account *);
const struct clock *account_clock(const struct account *);
uint32_t account_expunge_log(const struct account *);        /* most ranges */
uint32_t account_least_uidvalidity(const struct account *);  /* is above it */
const struct digester *model_digester(const struct model *); /* NULL: none */
uint64_t model_tick(struct model *);

/* Whoever watches it is told, should a band have changed. */
void account_tell_quota(const struct account *, const struct quota *before);

/* Writes a new account's record and mailboxes; removes all of an account. */
struct err account_fill(struct account *);
struct err account_empty(struct account *);

/* Frees every mailbox of an account; none is in use. */
void mailboxes_free(struct account *);

/* A mailbox in memory only, of the account but not in its list. */
struct mailbox *mailbox_new(struct account *, const struct mailbox_meta *,
                            struct slice name, const struct slice *keywords,
                            size_t n);
void mailbox_free(struct mailbox *);

/* NULL when nobody has it open and it isn't idle either. */
struct mailbox *mailbox_find_open(struct account *, uint32_t id);
void mailbox_set_name(struct mailbox *, struct slice name);

/* Names that are in the store already: whoever has brought them has not been
 * woken yet. */
struct err mailbox_read_keywords(struct mailbox *);

/* The mailbox was deleted, durably. */
void mailbox_set_gone(struct mailbox *);

/* Reads the UIDs if that has not been done, for who has the account's lock.
 * Suspends. */
struct err mailbox_load_locked(struct mailbox *);

/* ERR_NONEXISTENT. The id of a name; a mailbox's record, whose name and
 * keywords (may be NULL, else LIMIT_KEYWORDS places) point into the map. */
struct err lookup_name(struct account *, struct slice name, uint32_t *id);
struct err lookup_mailbox(struct account *, uint32_t id, struct mailbox_meta *,
                          struct slice *name, struct slice *keywords,
                          size_t *n);

/*
 * Rows with a prefix, in loops that may be long: gives way to other tasks
 * now and then, so every pointer into the map dies with each step.
 */
struct row_walk {
	struct partition *partition;
	struct store_key prefix;
	struct store_key last; /* the last row's key */
	struct store_cursor cursor;
	bool positioned;
	struct err e;
};

struct row_walk row_walk(struct account *, const struct store_key *prefix);
bool row_walk_next(struct row_walk *, struct cursor_row *);

/* The same over the records of an account's mailboxes, by id; the name points
 * into the map. False at the end or after an error (w->e; ERR_CORRUPT). */
struct row_walk meta_walk(struct account *);
bool meta_walk_next(struct row_walk *, struct mailbox_meta *,
                    struct slice *name);

/* -- walking chunks -- */

/*
 * Chunks, or their heads alone, in order, in loops that may be long: gives way
 * to other tasks between chunks, so every pointer into the map dies with each
 * step. For whoever needs all of one state: hold the account's lock.
 */
struct chunk_walk {
	struct mailbox *mailbox;
	enum table table; /* T_RECORDS, T_HEADS */
	struct store_cursor cursor;
	bool positioned;   /* the cursor; who wants one chunk needs none */
	uint64_t snapshot; /* that the chunk given before is of */
	uint32_t last;     /* its last UID, 0: none was */
	struct err e;
};

struct chunk_walk chunk_walk(struct mailbox *);
struct chunk_walk head_walk(struct mailbox *); /* chunks without records */

/* The first chunk whose last UID is >= wanted (which only grows); false at
 * the end or after an error (w->e). chunk_walk_peek does not give way. */
bool chunk_walk_next(struct chunk_walk *, uint32_t wanted, struct chunk *out);
bool chunk_walk_peek(struct chunk_walk *, uint32_t wanted, struct chunk *out);

/* The chunk itself, of the head that another walk has just given; false after
 * an error (w->e), ERR_CORRUPT when there is none. */
bool chunk_walk_open(struct chunk_walk *, const struct chunk *head,
                     struct chunk *out);

/* Members of a set, asked for in ascending order only. */
struct uid_scan {
	const struct uidset *set;
	size_t at;
};

static inline bool uid_scan_has(struct uid_scan *s, uint32_t uid)
{
	while (s->at < s->set->n && s->set->v[s->at].last < uid)
		s->at++;
	return s->at < s->set->n && s->set->v[s->at].first <= uid;
}

/* The first member >= uid; 0 when there is none. */
static inline uint32_t uid_scan_next(struct uid_scan *s, uint32_t uid)
{
	if (uid_scan_has(s, uid))
		return uid;
	return s->at < s->set->n ? s->set->v[s->at].first : 0;
}

/* The first member above uid, 0 when there is none, for a walk that remembers
 * its range: where in the set it was. */
static inline uint32_t uid_above(const struct uidset *set, size_t *range,
                                 uint32_t uid)
{
	struct uid_scan scan = { set, *range };
	uint32_t next = uid == UINT32_MAX ? 0 : uid_scan_next(&scan, uid + 1);

	*range = scan.at;
	return next;
}

/* -- telling the listeners (notice.c), and the views (view.c) -- */

void account_notify(struct account *, enum notice_kind, struct slice name,
                    struct slice detail);
void account_notify_of(struct account *, const struct notice *);

void feed_new(struct mailbox *);
/* Flags of `changed` differ for who changed them; those of `for_all`, for
 * everybody. */
void feed_flags(struct mailbox *, const struct uidset *changed,
                const struct uidset *for_all, const struct flag_change *);
void feed_expunged(struct mailbox *, const struct uidset *);
void feed_keywords(struct mailbox *);
void feed_gone(struct mailbox *);
