/*
 * client_id.h -- what a client says of itself with ID (RFC 2971), as people
 * read it: "Thunderbird 153.7.0 os=Linux".
 */
#pragma once

#include "base/buf.h"

/* Appends one field; an empty value is none. Nothing in it ends a line. */
void client_id_add(struct buf *text, struct slice key, struct slice value);
