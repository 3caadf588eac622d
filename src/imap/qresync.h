/* qresync.h -- the QRESYNC parameter of SELECT, and what answers it. */
#pragma once

#include "imap/internal.h"

/* What the client remembers of the mailbox. */
struct qresync {
	bool asked;
	uint32_t uidvalidity;
	uint64_t modseq;
	struct seq_set known; /* UIDs; none: all */
	struct seq_set seqs;  /* some message numbers, ascending, */
	struct seq_set uids;  /* and as many UIDs that they had */
};

/* Behind the word QRESYNC. */
void parse_qresync(struct cursor *, struct qresync *);

/* Tells the client what it asked for, if the UIDVALIDITY is still the same: a
 * view has just been opened. Suspends. */
struct err session_resync(struct session *, const struct qresync *);
