/*
 * change.h -- one change of an account, from the lock to the views.
 *
 *	change_begin(&c, account);            lock
 *	edit_begin(&edit, mailbox);           a copy of the mailbox's record
 *	...                                   read, decide, fill c.batch
 *	edit_put(&edit, &c);                  the record as it shall be
 *	e = change_commit(&c);                durable, or nothing has changed
 *	edit_end(&edit, is_ok(e));            the copy becomes the mailbox's own
 *	...                                   uids, views
 *	change_end(&c);                       unlock
 */
#pragma once

#include "mailbox/acl.h"
#include "mailbox/internal.h"
#include "store/batch.h"

/*
 * Messages that are expunged, or moved, in one change. What a batch holds in
 * memory is bounded by it (a move holds digests), and so is what one LMDB
 * transaction holds. Not fewer: blobs are keyed by their hashes, so each
 * piece writes pages from all over that table.
 */
enum { EXPUNGE_PIECE = 50000, MOVE_PIECE = 10000 };

/* On a full disk: each writes a page or two, and three times as many pages
 * are under way, of 4096 that are in reserve. */
enum { EXPUNGE_PIECE_FULL = 500 };

struct change {
	struct account *account;
	struct batch *batch; /* NULL once committed */
	struct account_meta after;
	uint64_t modseq;  /* of this change; 0: none taken yet */
	bool puts_list;   /* of rights */
	unsigned parents; /* of a name, made along with it */
};

void change_begin(struct change *, struct account *); /* suspends */
void change_end(struct change *);

/* The change's modseq; all that it touches has the same. */
uint64_t change_modseq(struct change *);

/*
 * A UIDVALIDITY from elsewhere comes with clients who remember modseqs from
 * there. From here on ours are above theirs, so that they are told too much
 * rather than too little: no mailbox changes once a millisecond since 1970.
 */
void change_raise_modseq(struct change *);

/* Neither the clock nor an import raises UIDVALIDITY beyond this moment of
 * 2097: what is left is to count on, for a clock may be wrong once. */
#define UIDVALIDITY_BY_CLOCK UINT32_C(0xf0000000)

/* UIDVALIDITY for a new mailbox: above every one given out before, and not
 * below the time, so that it also rises when an account is made anew. */
uint32_t change_uidvalidity(struct change *);

/* Would this much more still fit? */
bool change_has_room(const struct change *, enum quota_resource, uint64_t more);

/* Takes quota. ERR_OVERQUOTA, and then nothing is taken. */
struct err change_take_room(struct change *, uint64_t bytes, uint64_t messages);
/* Without asking: for what is given back in the same change. */
void change_add_room(struct change *, uint64_t bytes, uint64_t messages);
void change_give_room(struct change *, uint64_t bytes, uint64_t messages);

void change_put_mailbox(struct change *, const struct mailbox_meta *,
                        struct slice name, const struct keywords *);

/* Writes the account's record, too. Suspends. */
struct err change_commit(struct change *);
struct err change_commit_raw(struct change *); /* only what is in the batch */

/* A mailbox's record while it is being changed. */
struct edit {
	struct mailbox *mailbox;
	struct mailbox_meta meta;
	struct keywords keywords;
	bool has_keywords;    /* keywords is an altered copy */
	struct seen_by *seen; /* what visitors have seen (seen.h) */
	struct uidset gone;   /* expunged in this change */
};

void edit_begin(struct edit *, struct mailbox *);

/* The bits of names, new names added. ERR_LIMIT, ERR_CANNOT */
struct err edit_keywords(struct edit *, const struct slice *names, size_t n,
                         struct keyword_bits *out);
const struct keywords *edit_all_keywords(const struct edit *);

void edit_put(struct edit *, struct change *);
void edit_end(struct edit *, bool committed);

/* -- adding records at the end of a mailbox (append.c) -- */

struct appender {
	struct edit *edit;
	struct chunk_writer writer;
};

/* Goes on with the last chunk unless `fresh`. ERR_IO, ERR_CORRUPT */
struct err appender_begin(struct appender *, struct change *, struct edit *,
                          bool fresh);

/* Gives the record its UID and modseq. ERR_LIMIT when UIDs have run out. */
struct err appender_add(struct appender *, struct change *, struct record *);
void appender_end(struct appender *);

/* Puts new messages into the change. As mailbox_append(); nothing is told. */
struct err append_records(struct change *, struct edit *, bool fresh,
                          const struct new_message *, size_t n, uint32_t *uids);

/* After the commit: the views are told, and whoever runs the server. */
void append_noted(struct mailbox *, const struct new_message *, size_t n,
                  const uint32_t *uids);

/* What the packs are told of the record, for a salvage. */
struct blob_origin origin_of(const struct mailbox *, const struct record *);

/* Brings a mailbox's memory up to date after a commit. */
void append_committed(struct mailbox *, const struct uidset *added);
void expunge_committed(struct mailbox *, const struct uidset *expunged);

/* -- taking records out (expunge.c) -- */

enum expunge_reason {
	EXPUNGE_DELETED,  /* those with \Deleted; their blobs are dropped */
	EXPUNGE_REPLACED, /* all; their blobs are dropped */
	EXPUNGE_MOVED,    /* all; new records have taken over their blobs */
};

/* Puts into the change the removal of those of uids that are there and whom
 * the reason fits; fills *out. The mailbox is edit->mailbox. */
struct err expunge_records(struct change *, struct edit *,
                           const struct uidset *uids, enum expunge_reason,
                           struct uidset *out);

/* -- from one mailbox to another (copy.c) -- */

struct copied {
	struct uidset *from;    /* in the source */
	struct uidset *to;      /* in the destination; in the same order */
	struct flag_rights may; /* which flags come along */
};

extern const struct flag_rights every_flag;

/*
 * Puts into the change the copies of those of uids that are there and, with
 * `move`, the removal of the originals. source and destination are the same
 * edit when they are the same mailbox. Nothing there: nothing is put.
 */
struct err transfer_records(struct change *, struct edit *source,
                            const struct uidset *uids, struct edit *destination,
                            bool move, struct copied *);
void transfer_committed(struct mailbox *source, struct mailbox *destination,
                        bool move, const struct copied *);

/* -- what mailboxes are for: no two have the same use (special_use.c) -- */

enum { SPECIAL_USES = 11 };

/* Uses that go over from some mailboxes to one. */
struct uses_change {
	uint32_t id[SPECIAL_USES + 1]; /* of all whose records it writes */
	size_t n;
};

/* Puts into the change: the mailbox has these uses and no others, and who has
 * had one of them has it no longer. ERR_IO, ERR_CORRUPT */
struct err uses_put(struct uses_change *, struct change *, uint32_t mailbox,
                    uint32_t uses);

/* The mailbox keeps its uses, and is as new as if it had got others. ERR_IO,
 * ERR_CORRUPT */
struct err uses_keep(struct uses_change *, struct change *, uint32_t mailbox);

/* After the commit: what is open knows, and who listens of the others. */
void uses_committed(const struct uses_change *, struct account *);
