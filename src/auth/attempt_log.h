/* attempt_log.h -- the line of a log-in in the words of another server. */
#pragma once

#include "auth/attempt.h"

/*
 * As Dovecot writes it, for filters that were made for that. False: it has no
 * such line, since nothing was found out about a password (what a device has
 * tried before, what had to wait); what reads such lines would shut people
 * out for it.
 */
bool attempt_log_dovecot(const struct attempt *, enum outcome);
