/*
 * alert_text.h -- an alert as the log, a mail and a webhook have it.
 *
 * What is foreign in it (a client's ID, a name) can't break a line, a header
 * or a string: it is valid UTF-8 without control characters, and short.
 */
#pragma once

#include "base/buf.h"
#include "guard/alert.h"

/* event=alert, kind=..., and its fields. */
void alert_log(const struct alert *);

/* Appends a message, RFC 5322, with CRLF: from postmaster at the host, to the
 * account `to`, about an account or the server. */
void alert_mail(const struct alert *, struct slice hostname, struct slice to,
                struct buf *out);

/* Appends a JSON object. */
void alert_json(const struct alert *, struct slice hostname, struct buf *out);
