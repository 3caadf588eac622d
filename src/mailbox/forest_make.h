/*
 * forest_make.h -- threads while they are made; shared by forest*.c.
 *
 *	read       a node for each message, in order of UID, from its digest
 *	link       parents: by ids (forest_ids.c), by subject (forest_subject.c)
 *	arrange    children and siblings, in order
 *
 * Between two steps a parent is a message, or a dummy: a node without a
 * message, for an id that is referred to or for a subject. forest_above()
 * looks through dummies: what is below several of them is below the
 * uppermost.
 */
#pragma once

#include "mailbox/forest.h"
#include "mailbox/hashmap.h"
#include "mailbox/order.h"

/* What a node's message says. */
struct forest_facts {
	int64_t date;     /* Date:, or INTERNALDATE */
	uint64_t subject; /* hash of its base subject, 0: that is empty */
	uint64_t own;     /* hash of its Message-ID, 0: it has none */
	uint8_t ids;      /* how many it refers to */
	bool reply;
	bool linked; /* has been given the parent that it asks for */
};

struct forester {
	struct mailbox *mailbox;
	const struct uidset *uids;
	enum thread_algorithm algorithm;
	struct forest_node *v;
	struct forest_facts *facts; /* of each node */
	size_t n;                   /* nodes */
	size_t cap;
	size_t messages;          /* nodes 1 to this one */
	struct hashmap by_id;     /* nodes */
	struct buf ids;           /* hashes, of one message after the other */
	struct order_entry *date; /* messages by date */
	struct order_entry *spare;
	struct order_entry *roots; /* threads, in order; at is the node */
	size_t n_roots;
	struct err e;
};

/* A node without a message. */
uint32_t forest_dummy(struct forester *);

static inline bool forest_is_dummy(const struct forester *t, uint32_t node)
{
	return t->v[node].uid == 0;
}

/* Time for others, now and then: in each loop over messages. False: there is
 * an error, and what has been made is in no order. */
bool forest_go_on(struct forester *, size_t n);

/* The message above this dummy, or else the uppermost dummy. */
uint32_t forest_above(struct forester *, uint32_t dummy);

/* -- forest_ids.c: REFERENCES steps 1 to 3 -- */

/* Of one message, while digests are read. */
void forest_read_ids(struct forester *, uint32_t node, const struct digest *);
void forest_link_ids(struct forester *);

/* -- forest_subject.c -- */

void forest_link_subjects(struct forester *);  /* ORDEREDSUBJECT */
void forest_merge_subjects(struct forester *); /* REFERENCES step 5 */
