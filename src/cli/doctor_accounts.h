/* doctor_accounts.h -- what the running server knows of itself, judged. */
#pragma once

#include "cli/control.h"
#include "config/config.h"
#include "doctor/report.h"

/* What one pass over all accounts finds. */
struct doctor_census {
	size_t accounts;
	char **domains; /* that they are of */
	size_t n_domains;
};

/* Identity: accounts, their passwords and second factors, who is locked out.
 * False, which has been said: they can't be had. To be freed in any case. */
bool doctor_accounts(struct report *, struct control *server,
                     struct doctor_census *out);
void doctor_census_free(struct doctor_census *);

/* -- doctor_mailboxes.c -- */

/* What the mail processes say of themselves and of all mailboxes. */
void doctor_mailboxes(struct report *, struct control *server, size_t accounts);

/* Room in the directory. */
void doctor_disk(struct report *, const struct config *);
