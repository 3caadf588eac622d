/*
 * seen.h -- what visitors have seen: rows of T_SEEN.
 *
 * The bit \Seen of a record is the owner's. Whoever else reads the mailbox has
 * a \Seen of his own for each message; `user` is always the id of an account,
 * and 0, as the owner's id, means the owner.
 */
#pragma once

#include "mailbox/change.h"

/* Is that user's \Seen not in the records? */
static inline bool seen_is_apart(const struct account *a, uint64_t user)
{
	return user != 0 && user != a->id;
}

/* -- looking -- */

/*
 * What one visitor has seen of a mailbox, as the store has it: read anew when
 * there is another snapshot, so that it is never older or newer than the
 * records that are read with it.
 */
struct seen {
	struct mailbox *mailbox;
	uint64_t user;
	uint64_t snapshot;
	uint64_t modseq; /* of the row; 0: there is none */
	struct uidset uids;
};

struct seen *seen_new(struct mailbox *, uint64_t user);
void seen_free(struct seen *); /* NULL: nothing */

/* As of now; valid until the next suspension. ERR_IO */
struct err seen_now(struct seen *, const struct uidset **);

/* The record as the visitor sees it. */
struct err seen_show(struct seen *, struct record *);

/* How many messages of a mailbox he has seen. */
struct err seen_count(struct account *, uint32_t mailbox, uint64_t user,
                      uint32_t *n);

/* A row; v has row.len / RANGE_BYTES places. ERR_CORRUPT */
struct seen_row {
	uint64_t modseq;
	uint32_t count;
	struct uidrange *v;
	size_t n;
};

struct err seen_open(struct slice row, struct seen_row *);

/* What of `exact` is written, when these messages are there: ranges from a
 * message to the last one before one that is not in it. */
void seen_pack(const struct uidset *exact, const struct uidset *there,
               struct uidset *out);

/* -- changing; rows are written by edit_put() -- */

/* The messages that one visitor has seen, to be altered. ERR_IO.
 * Suspends. */
struct err seen_edit(struct edit *, uint64_t user, struct uidset **);

/* These messages go. */
struct err seen_expunge(struct edit *, const struct uidset *);

/* Whoever has seen an original has seen its copy. */
struct err seen_copy(struct edit *source, struct edit *destination,
                     const struct copied *);

void seen_put(struct edit *, struct change *);
void seen_end(struct edit *);
