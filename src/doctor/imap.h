/* imap.h -- what an IMAP server says before anybody has logged in. */
#pragma once

#include "doctor/connection.h"

/* The greeting, copied. ERR_IO: that was no IMAP server's. */
struct err imap_greeting(struct connection *, struct buf *out);

/* Sends the command and reads up to its tagged answer: OK, or ERR_NO if it
 * isn't one. Untagged lines are added to out, which may be NULL. */
struct err imap_command(struct connection *, struct slice command,
                        struct buf *out);

/* Asks for them; a space stands before and behind each. */
struct err imap_capabilities(struct connection *, struct buf *out);

bool imap_has(const struct buf *capabilities, const char *capability);
