/* secrets.h -- what an account has besides its password, and policies: the
 * verbs, and what is there of them. */
#pragma once

#include "client.h"

/* App passwords, certificates, a second factor, policies; some of each go
 * again. */
void secrets(struct work *, uint32_t chain);

/* Appends what the account has. */
void state_of_secrets(struct directory *, const struct account_row *,
                      struct buf *out);
void state_of_policies(struct directory *, struct buf *out);
