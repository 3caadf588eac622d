/*
 * thread.h -- which conversation a message belongs to: THREADID, RFC 8474.
 *
 * A message id is known by its keyed hash, and a thread by the hash of the
 * oldest id that its first message named: the first of References, or else
 * the first of In-Reply-To, or else its own. So messages whose References are
 * whole find together without a table.
 *
 * The others are what T_THREAD is for: each id that is not its thread's oldest,
 * or that has only been named so far, leads there. A message joins the thread
 * of its own id, or else that of the nearest relative that has a row. Once
 * given, a thread stays with the message (content.h) and all its copies.
 *
 * A message that names nobody has no row: most such are answered by nobody, and
 * those that are, by replies whose References begin with it. A reply that names
 * an older id in front of it, which the one answered has lost, is in the thread
 * of that older id. RFC 8474 section 5.2 and its appendix A leave it to us, and
 * a row for each would be one more page to write for each newsletter.
 *
 * The table is bounded by LIMIT_THREAD_IDS: who comes in then displaces the
 * oldest of some neighbours, which lie there by chance. What is forgotten
 * costs no message its thread.
 */
#pragma once

#include "mailbox/change.h"

enum { THREAD_ROW = 12 }; /* octets: thread u64, when it was made u32 */

/* What one change has put into the table, which its batch doesn't see. */
struct threads {
	struct change *change;
	struct thread_row *rows; /* by hash, open; id 0: free */
	size_t cap;              /* a power of two, or 0 */
	size_t n;
};

/* The thread of a new message; puts into the change what leads to it. ERR_IO,
 * ERR_CORRUPT */
struct err threads_join(struct threads *, struct slice digest,
                        const struct content_hash *blob, uint64_t *thread);
void threads_free(struct threads *);
