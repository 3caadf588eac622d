/*
 * name.h -- mailbox names: what they may be.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { MAILBOX_DELIM = '/' };

/*
 * Normal form of a name in UTF-8: INBOX (and the first level of INBOX/x) in
 * capitals, normal form C, no delimiter at the end. ERR_CANNOT when it is
 * empty, has an empty level, "." or ".." as a level, control characters,
 * '%' or '*', or is longer or deeper than limits.h says.
 */
struct err mailbox_name_normal(struct slice utf8, struct buf *out);

/* The parent's name; empty at the top. Points into name. */
struct slice mailbox_name_parent(struct slice name);
