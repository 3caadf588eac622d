/*
 * mbox.h -- messages in one file, each behind a "From " line.
 *
 *	From ann@example.org Sat Nov 21 04:30:00 2026
 *	Subject: hello
 *	X-Keywords: $Label1 $Junk
 *	X-Status: AF               A: \Answered, F: \Flagged, T: \Draft,
 *	Status: RO                 D: \Deleted; R: \Seen
 *
 *	>From here on ...          mboxrd: one '>' more than was written
 *	(empty line, or end of file)
 *
 * Read from memory (a mapped file), written to a buffer: no files are
 * opened here. A "From " line counts when it is the first line or stands
 * behind an empty line, and ends in what looks like a date. It may also lack
 * the date ("From ", "From -", "From MAILER-DAEMON", "From a@example.org"),
 * if what follows is a header and not text; its "Date:" is then the date,
 * else it is 1970.
 * Content-Length is not believed.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "cli/transfer.h"

/* Where one is in a message's header. */
struct mbox_header {
	bool over;
	bool folding; /* the last line was mbox's own and may go on */
};

struct mbox_message {
	struct transfer_message meta; /* keywords point into the file */
	struct slice text;            /* what mbox_text() has not given yet */
	struct mbox_header header;
};

/* The next message of *rest; false when there is none. What stands before
 * the first "From " line is passed over. */
bool mbox_next(struct slice *rest, struct mbox_message *out);

/* Is there a message, or nothing at all? Else it is a file of another kind. */
bool mbox_is_one(struct slice file);

/* Appends the message's next lines, as they were delivered (mbox's own
 * fields and the '>' of mboxrd taken away), about `most` octets. False at
 * the end. */
bool mbox_text(struct mbox_message *, size_t most, struct buf *out);

/*
 * Writing: begin, the message's bytes in any chunks, end. Lines may end in
 * LF or CRLF. Fields of those three names that the message itself has are
 * left out: they would be taken for ours.
 */
struct mbox_writer {
	struct mbox_header header;
	struct buf line; /* the line not finished yet */
};

void mbox_begin(struct mbox_writer *, const struct transfer_message *,
                struct buf *out);
void mbox_add(struct mbox_writer *, struct slice bytes, struct buf *out);
void mbox_end(struct mbox_writer *, struct buf *out);
