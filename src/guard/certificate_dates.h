/*
 * certificate_dates.h -- until when the server's certificates are good.
 *
 * The parent, which reads them, says so (FRAME_CERTIFICATE_DATE); here it is
 * remembered for `roost status`, metrics and alerts. Once a day, and when one
 * is new, the log has a line for each that is near its end.
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"
#include "task/timer.h"

enum { CERTIFICATE_WARN_DAYS = 21 };

struct certificate_date {
	char *name;
	uint64_t expires; /* seconds since 1970 */
};

/* Zeroed it is empty. */
struct certificate_dates {
	struct certificate_date *v; /* by name */
	size_t n;
	struct timer daily;
	struct loop *loop; /* NULL: nothing has come yet */
};

/* expires 0: there is no such certificate any more. */
void certificate_dates_set(struct certificate_dates *, struct loop *,
                           struct slice name, uint64_t expires);
void certificate_dates_free(struct certificate_dates *);

/* The one that ends first; NULL: there are none. */
const struct certificate_date *
certificate_dates_first(const struct certificate_dates *);

/* Whole days that are left of it; below 0: it has ended. */
int64_t certificate_days(const struct certificate_date *);
