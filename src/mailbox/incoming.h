/* incoming.h -- what append takes out of a finished message. */
#pragma once

#include "mailbox/mailbox.h"

struct spool *incoming_spool(const struct incoming *);
struct slice incoming_digest(const struct incoming *); /* the message's own */
