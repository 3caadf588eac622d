/*
 * mailbox.h -- mailboxes by name, and what can be done to their messages.
 *
 * Names are UTF-8 with '/' between levels, INBOX in capitals (mailbox/name.h
 * checks and normalises them). Every function that changes something returns
 * when the change is durable; after an error nothing has changed, unless its
 * comment says more. All of them suspend.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/uidset.h"
#include "mailbox/account.h"
#include "mailbox/record.h"
#include "mime/digest.h"
#include "store/blob.h"

/* SPECIAL-USE attributes, RFC 6154; a mailbox may have several. */
enum special_use {
	USE_ALL = 1 << 0,
	USE_ARCHIVE = 1 << 1,
	USE_DRAFTS = 1 << 2,
	USE_FLAGGED = 1 << 3,
	USE_JUNK = 1 << 4,
	USE_SENT = 1 << 5,
	USE_TRASH = 1 << 6,
	USE_IMPORTANT = 1 << 7, /* RFC 8457 */
	USE_MEMOS = 1 << 8,     /* RFC 9979 */
	USE_SCHEDULED = 1 << 9,
	USE_SNOOZED = 1 << 10,
};

/* -- the tree -- */

/* Makes the missing parents too. ERR_ALREADYEXISTS, ERR_CANNOT (impossible
 * name), ERR_LIMIT, ERR_USEATTR (another mailbox has that use). */
struct err mailbox_create(struct account *, struct slice name,
                          uint32_t special_use);

/* With messages and all. With children it becomes \Noselect and its
 * messages go; a \Noselect one with children is ERR_HASCHILDREN. INBOX:
 * ERR_CANNOT. ERR_NONEXISTENT. Subscriptions stay. */
struct err mailbox_delete(struct account *, struct slice name);

/* Children move along, in one batch. INBOX: its messages go to the new
 * mailbox, it stays, its children stay. ERR_NONEXISTENT, ERR_ALREADYEXISTS,
 * ERR_CANNOT. */
struct err mailbox_rename(struct account *, struct slice from, struct slice to);

struct err mailbox_subscribe(struct account *, struct slice name, bool on);

struct mailbox_info {
	struct slice name; /* in the arena */
	uint32_t id;       /* 0 for a name that is no mailbox */
	uint32_t special_use;
	bool subscribed;
	bool exists; /* false: subscription without mailbox */
	bool noselect;
	bool has_children;
};

/* All mailboxes and all subscribed names, in order of name (INBOX first). */
struct err mailbox_list(struct account *, struct arena *,
                        struct mailbox_info **out, size_t *n);

/* The same of one mailbox that exists; the name, a normal one, stays the
 * caller's. ERR_NONEXISTENT */
struct err mailbox_get_info(struct account *, struct slice name,
                            struct mailbox_info *out);

/* A subscription may be there without a mailbox. */
struct err mailbox_is_subscribed(struct account *, struct slice name,
                                 bool *subscribed);

struct mailbox_status {
	uint32_t messages;
	uint32_t unseen;
	uint32_t deleted;
	uint32_t uidnext;
	uint32_t uidvalidity;
	uint64_t highestmodseq;
	uint64_t size;         /* octets of all messages */
	uint64_t deleted_size; /* of those with \Deleted */
	uint32_t id;
	uint64_t objectid; /* MAILBOXID: no other mailbox has or will have it */
	uint32_t special_use;
};

/* Of the committed state, without opening; unseen is what that user (0: the
 * owner) has not seen. ERR_NONEXISTENT. */
struct err mailbox_status(struct account *, uint64_t user, struct slice name,
                          struct mailbox_status *out);

/* -- one open mailbox, shared by all sessions of the account -- */

struct mailbox;

/* ERR_NONEXISTENT (also for \Noselect). One reference more. */
struct err mailbox_open(struct account *, struct slice name,
                        struct mailbox **out);
void mailbox_close(struct mailbox *);

/* The same without reading the UIDs, which mailbox_append() does not need:
 * a delivery into a large mailbox costs what one into a small one does. */
struct err mailbox_open_to_append(struct account *, struct slice name,
                                  struct mailbox **out);

struct slice mailbox_name(const struct mailbox *); /* changes with RENAME */
bool mailbox_is_gone(const struct mailbox *);      /* deleted under us */
void mailbox_get_status(const struct mailbox *, struct mailbox_status *out);

/* Keyword names, index is the bit in struct keyword_bits. Valid until the
 * next suspension. */
const struct slice *mailbox_keywords(const struct mailbox *, size_t *n);

/* The UIDs that are there, committed. Valid until the next suspension. */
const struct uidset *mailbox_uids(const struct mailbox *);

/* -- reading messages: any of it may be ERR_IO or ERR_CORRUPT -- */

/*
 * Records by UID, in order, from memory-mapped chunks:
 *
 *	struct record_walk w = mailbox_walk(m, &uids);
 *	struct record r;
 *	while (record_walk_next(&w, &r)) ...
 *	if (w.e.code != ERR_OK) ...
 *
 * UIDs that are not there are passed over. The walk survives suspension
 * points: it looks its place up again. `uids` must outlive it.
 */
struct record_walk {
	struct mailbox *mailbox;
	const struct uidset *uids;
	size_t range; /* of uids, where the next one is looked for */
	uint32_t uid; /* the last one given */
	uint64_t snapshot;
	struct slice rest; /* of a chunk, in the map, of that snapshot */
	uint32_t last;     /* UID of the last record in it */
	struct seen *seen; /* whose \Seen is given; NULL: the owner's */
	uint8_t words;     /* keyword words of each */
	struct err e;
};

struct record_walk mailbox_walk(struct mailbox *, const struct uidset *uids);
bool record_walk_next(struct record_walk *, struct record *);

/* ERR_ABSENT for an expunged UID. */
struct err mailbox_record(struct mailbox *, uint32_t uid, struct record *out);

/* UIDs whose record passes: (flags & mask) == want, modseq > since. Cheap:
 * whole chunks are passed over by their heads where that decides. */
struct err mailbox_find(struct mailbox *, uint8_t mask, uint8_t want,
                        uint64_t since_modseq, struct uidset *out);

/*
 * Which of `among` have vanished: those expunged with a modseq above `since`.
 * When the mailbox does not remember that far (or `since` is none of its
 * own), all that are not there. The mailbox has been loaded. Suspends.
 */
struct err mailbox_vanished(struct mailbox *, uint64_t since,
                            const struct uidset *among, struct uidset *out);

/* All that was expunged after that modseq is still in the expunge log. */
bool mailbox_remembers(const struct mailbox *, uint64_t since);

/* A message's digest; points into the store until the next suspension.
 * ERR_ABSENT for an expunged UID. */
struct err mailbox_digest(struct mailbox *, uint32_t uid, struct digest *out);

/* What stays with a message wherever it is copied or moved. */
struct object_ids {
	struct content_hash blob; /* of its bytes */
	uint64_t thread;          /* THREADID; never 0 */
};

struct err mailbox_object_ids(struct mailbox *, uint32_t uid,
                              struct object_ids *out); /* ERR_ABSENT */

/* The fields (digest_open_fields) of many in order; as record_walk. */
struct digest_walk {
	struct mailbox *mailbox;
	const struct uidset *uids;
	size_t range;          /* of uids, where the next one is looked for */
	uint32_t uid;          /* the last one given */
	struct object_ids ids; /* its */
	struct store_cursor cursor;
	bool positioned;
	struct err e;
};

struct digest_walk mailbox_digest_walk(struct mailbox *,
                                       const struct uidset *uids);
bool digest_walk_next(struct digest_walk *, uint32_t *uid, struct digest *out);

/* A message's bytes. ERR_ABSENT for an expunged UID. */
struct err mailbox_message(struct mailbox *, uint32_t uid,
                           struct blob_reader **out);

/* -- changing messages: suspends until it is durable; also ERR_NONEXISTENT (it
 * was deleted meanwhile), ERR_NOSPACE, ERR_IO, ERR_CORRUPT -- */

/*
 * Message on its way in: spool and digest in one, lines made CRLF.
 * Independent of any mailbox until it is appended.
 */
struct incoming;

struct incoming *incoming_new(struct model *);
struct err incoming_write(struct incoming *, struct slice);
/* The same of octets that stay as they are: their LFs are no line ends. */
struct err incoming_write_binary(struct incoming *, struct slice);
/* ERR_NO for a message of no octets (RFC 3502). Suspends. */
struct err incoming_finish(struct incoming *);
/* Waits for its digest, which a model with a digester needs before it can be
 * appended; others have it already. As digester.finish(). */
struct err incoming_settle(struct incoming *);
void incoming_free(struct incoming *);
uint64_t incoming_size(const struct incoming *);

struct new_message {
	struct incoming *message; /* settled; stays the caller's */
	uint8_t flags;
	const struct slice *keywords; /* names */
	size_t n_keywords;
	uint64_t user;        /* whose \Seen is meant; 0: the owner's */
	int64_t internaldate; /* seconds since 1970, UTC */
	int16_t zone;
	uint32_t uid; /* 0: the next one; import asks for more (>= UIDNEXT) */
};

/*
 * All or none. uids gets one UID a message, ascending. ERR_OVERQUOTA,
 * ERR_LIMIT (too many keywords, no UIDs left), ERR_NOTNOW (a UID that was
 * asked for has been used).
 */
struct err mailbox_append(struct mailbox *, const struct new_message *,
                          size_t n, uint32_t *uids);

/*
 * One message in the place of another, which is in `source`; both or nothing.
 * The old one's room counts as free. ERR_EXPUNGEISSUED when it has gone, and
 * as mailbox_append(). Same account only; both may be the same mailbox.
 */
struct err mailbox_replace(struct mailbox *source, uint32_t old,
                           struct mailbox *destination,
                           const struct new_message *, uint32_t *uid);

enum store_mode { STORE_REPLACE, STORE_ADD, STORE_REMOVE };

struct flag_change {
	enum store_mode mode;
	uint8_t flags;
	const struct slice *keywords;
	size_t n_keywords;
	uint8_t kept;       /* flags that stay as they are, whatever is asked */
	bool keep_keywords; /* the same of all keywords; then none are given */
	bool conditional;   /* UNCHANGEDSINCE, RFC 7162 section 3.1.3 */
	uint64_t unchanged_since;
	uint64_t user;  /* whose \Seen is meant; 0: the owner's */
	const void *by; /* the view that need not be told, or NULL */
};

/*
 * Changes flags of those of uids that are there. *changed: those whose
 * flags are now different; *failed: those that UNCHANGEDSINCE kept out.
 * *modseq: the modseq of the change, 0 if nothing changed. ERR_LIMIT.
 */
struct err mailbox_store(struct mailbox *, const struct uidset *uids,
                         const struct flag_change *, struct uidset *changed,
                         struct uidset *failed, uint64_t *modseq);

/*
 * Removes those of uids (NULL: of all) that have \Deleted. Very many go piece
 * by piece (EXPUNGE_PIECE): an error ends it, and *expunged says which are
 * gone, durably, all the same.
 */
struct err mailbox_expunge(struct mailbox *, const struct uidset *uids,
                           struct uidset *expunged);

/* Removes those of uids that are there, whatever flags they have: others have
 * come in their place. As mailbox_expunge(). */
struct err mailbox_remove(struct mailbox *, const struct uidset *uids,
                          struct uidset *removed);

/*
 * Copies in ascending order, all or none; *from and *to are the COPYUID
 * sets, pairwise in order (both empty: nothing was there to copy). Flags,
 * keywords, INTERNALDATE and blob are kept; SAVEDATE is now. Same account
 * only; both may be the same mailbox. ERR_OVERQUOTA, ERR_LIMIT, ERR_TRYCREATE.
 *
 * With `move` each original is expunged in the batch that holds its copy.
 * Very many go piece by piece (MOVE_PIECE): an error ends it, and *from
 * and *to say what has been moved, durably, all the same.
 */
struct err mailbox_copy(struct mailbox *source, const struct uidset *uids,
                        struct mailbox *destination, bool move,
                        struct uidset *from, struct uidset *to);
