/* doctor_policies.h -- who is shut out by what was set, or by others. */
#pragma once

#include "cli/control.h"
#include "config/config.h"
#include "doctor/report.h"

/* Policies that let nobody in, and those that are shut out on purpose. */
void doctor_policies(struct report *, struct control *server,
                     const struct config *);

/* -- doctor_outside.c -- */

/* Who has accounts, and who issues tokens, is asked by the server, as at a
 * log-in. */
void doctor_outside(struct report *, struct control *server);
