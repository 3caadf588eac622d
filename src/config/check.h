/*
 * check.h -- does what roost.conf says mean something on this machine?
 *
 * config_read() knows the form of each value alone; here are users that must
 * exist, files that must be readable and match, addresses that must not be
 * taken twice. roostd starts exactly when `roost config check` finds no
 * error: both call this.
 */
#pragma once

#include "config/config.h"

/*
 * Adds what is wrong to the errors of config_read(), all by line. What will
 * do no harm but is hardly meant is a warning. Says nothing of options that
 * config_read() has an error for.
 */
void config_check(const struct config *, struct config_errors *);

/* Is one of them more than a warning? */
bool config_is_refused(const struct config_errors *);

/* labels of letters, digits and inner hyphens: RFC 1123 section 2.1 */
bool config_is_hostname(struct slice);
