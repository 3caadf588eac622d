/*
 * clock.c -- is the machine's clock right?
 *
 * The kernel knows whether something keeps it right. IMAP and TLS don't say
 * what time it is elsewhere; web servers do.
 */
#include <inttypes.h>
#include <sys/timex.h>
#include <time.h>

#include "doctor/internal.h"

enum { CLOCK_OFF_S = 60 };

void clock_compare(const struct doctor *d, const char *who, int64_t s)
{
	int64_t ahead = (int64_t)time(NULL) - s;

	if (ahead > CLOCK_OFF_S || ahead < -CLOCK_OFF_S)
		report_bad(d->report, CHECK_CLOCK, who,
		           "its clock and ours are %" PRId64 " s apart",
		           ahead < 0 ? -ahead : ahead);
	else
		report_good(d->report, CHECK_CLOCK, who,
		            "it has the same time");
}

void doctor_clock(const struct doctor *d)
{
	struct timex t = { 0 };
	static const char subject[] = "this machine";

	if (adjtimex(&t) < 0 || (t.status & STA_UNSYNC) != 0)
		report_bad(d->report, CHECK_CLOCK, subject,
		           "nothing keeps the clock right, the kernel says");
	else
		report_good(d->report, CHECK_CLOCK, subject,
		            "the clock is kept right, within %ld ms",
		            t.esterror / 1000);
}
