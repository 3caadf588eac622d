/*
 * file_name.h -- a file's name for a mailbox whose own no file can have.
 *
 * A level of a mailbox name can be as long as the whole, LIMIT_NAME; a file
 * name has NAME_MAX octets. Some are another file's, too.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

enum { FILE_NAME_MARK = 21 };

/* Appends the first octets of the name (UTF-8), `most` of them or up to three
 * fewer, so that no character is cut, and FILE_NAME_MARK octets, "~" and
 * digits, that stand for the whole: other names get others. */
void file_name_cut(struct slice name, size_t most, struct buf *out);
