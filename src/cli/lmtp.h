/*
 * lmtp.h -- one message to one recipient, as an LMTP client (RFC 2033).
 *
 * Blocking, one dialogue, nothing pipelined: what `roost deliver` needs.
 */
#pragma once

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct lmtp_reply {
	int code;       /* the one that decided: 250, 550, ... */
	char text[512]; /* what stood behind it, without CR and LF */
};

/*
 * Speaks over fd (closed in any case) and delivers what `message` holds. A
 * first line that is an mbox "From " line is left out; lines get CRLF ends.
 * ERR_CLOSED, ERR_TIMEOUT, ERR_IO: there was no decision. Else *out says
 * which.
 */
struct err lmtp_deliver(int fd, struct slice sender, struct slice recipient,
                        FILE *message, struct lmtp_reply *out);

/* The recipient for a mailbox of a user: "ann@example.org" and "Lists" are
 * ann+Lists@example.org. Quotes the local part where RFC 5321 asks for it. */
void lmtp_recipient(struct slice user, struct slice mailbox, struct buf *out);
