/* quota.h -- what is said of quotas unasked. RFC 9208 section 4.3.1 */
#pragma once

struct session;

/* "* NO [OVERQUOTA]", if the account has more of anything than it may. */
void session_tell_overquota(struct session *);
