/*
 * reply.h -- the productions of responses, written to a buffer.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "imap/grammar.h"
#include "mailbox/record.h"

/* string: quoted where that is legal and short, else a literal */
void reply_string(struct buf *, struct slice);
/* NIL for a slice without a ptr, literal8 where there are NULs, or string */
void reply_nstring8(struct buf *, struct slice);
/* The same of UTF-8, which may be quoted where the client has enabled it. */
void reply_text(struct buf *, struct slice, bool utf8);
/* atom where that is legal, else string */
void reply_astring(struct buf *, struct slice);

/* A mailbox name (UTF-8): quoted UTF-8, or modified UTF-7 */
void reply_mailbox(struct buf *, struct slice name, bool utf8);

/* \Answered \Flagged ..., separated by spaces, no parentheses */
void reply_system_flags(struct buf *, uint8_t flags);

/* The same with keywords: which of names are set in bits */
void reply_flags(struct buf *, const struct record *, const struct slice *names,
                 size_t n);

/* "OK", "NO [CODE]" or "BAD", what e.code says, a space and its text */
void reply_status(struct buf *, struct err);

/* BAD: the client's fault, counted against LIMIT_BAD */
bool is_bad(struct err);
