/*
 * forest.h -- the messages of a mailbox as conversations.
 * RFC 5256 section 3; THREAD=REFS: draft-ietf-morg-inthread section 4
 *
 * The result is a forest. Neither making nor reading it recurses, since who
 * writes messages decides how deep it is; the time is n log n whatever they
 * refer to, and a message costs bounded memory.
 */
#pragma once

#include "mailbox/mailbox.h"

enum thread_algorithm {
	THREAD_ORDEREDSUBJECT,
	THREAD_REFERENCES,
	THREAD_REFS,
};

/* Of the ids that a message refers to, the first and the nearest count. */
enum { THREAD_REFERENCES_MOST = 20 };

/* parent, child and next are nodes; node 0 holds all threads. */
struct forest_node {
	uint32_t uid; /* 0: no message, holds its children together */
	uint32_t parent;
	uint32_t child; /* the first; 0: none */
	uint32_t next;  /* sibling; 0: none */
};

struct forest {
	struct forest_node *v; /* the caller's to free */
	size_t n;              /* at least 1 */
};

/*
 * Each of uids is in it, once; siblings are in the order in which they are to
 * be told. One that is no longer there counts as having nothing. ERR_LIMIT:
 * too many to thread, or task_go_on(). Suspends.
 */
struct err mailbox_forest(struct mailbox *, const struct uidset *uids,
                          enum thread_algorithm, struct forest *out);
