/*
 * alert_certificates.c -- which certificates end soon.
 *
 * One round looks at all of them: it raises what is so, and takes back what
 * no longer is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "auth/alerts_internal.h"
#include "base/clock.h"
#include "base/mem.h"

enum { ROUND_MS = 2000 }; /* many dates come at once */

static const struct slice ended = N(" (ended)");

/* -- certificates -- */

/* That it has ended is told once more. */
static struct slice subject_of(const struct certificate_date *d, bool has_ended,
                               char text[ALERT_SUBJECT + 1])
{
	snprintf(text, ALERT_SUBJECT + 1, "%.240s%s", d->name,
	         has_ended ? ended.ptr : "");
	return slice_cstr(text);
}

static void tell_of(struct auth *a, const struct certificate_date *d)
{
	int64_t days = certificate_days(d);
	time_t ends = (time_t)d->expires;
	char subject[ALERT_SUBJECT + 1], name[ALERT_SUBJECT + 1], date[32];
	struct alert alert = { .kind = ALERT_CERTIFICATE,
		               .at_s = clock_now_s() };
	struct tm t;

	if (days >= CERTIFICATE_WARN_DAYS)
		return;
	gmtime_r(&ends, &t);
	strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &t);
	snprintf(name, sizeof name, "%s", d->name);
	alert.subject = subject_of(d, days < 0, subject);
	alert_add(&alert, "name", slice_cstr(name));
	alert_add(&alert, "ends", slice_cstr(date));
	alerts_tell(a, &alert);
}

/* Is there a date for which it would be raised? */
static bool is_still_so(const struct auth *a, struct slice subject)
{
	char text[ALERT_SUBJECT + 1];

	for (size_t i = 0; i < a->certificates.n; i++) {
		const struct certificate_date *d = &a->certificates.v[i];
		int64_t days = certificate_days(d);

		if (days < CERTIFICATE_WARN_DAYS &&
		    (slice_eq(subject, subject_of(d, false, text)) ||
		     (days < 0 &&
		      slice_eq(subject, subject_of(d, true, text)))))
			return true;
	}
	return false;
}

static void take_back(struct auth *a)
{
	const struct alert_wanted wanted = { .kind = alert_kind_name(
						     ALERT_CERTIFICATE) };
	struct alert_row *rows = mem_new(ALERT_PAGE, sizeof *rows);
	struct arena *arena = arena_new(1 << 20);
	uint64_t before = 0;
	size_t n = ALERT_PAGE;

	while (n == ALERT_PAGE &&
	       is_ok(alert_file_page(a->alerts->file, &wanted, before, arena,
	                             rows, &n))) {
		for (size_t i = 0; i < n; i++) {
			const struct alert gone = {
				.kind = ALERT_CERTIFICATE,
				.subject = rows[i].subject,
			};

			if (!is_still_so(a, gone.subject))
				alert_file_clear(a->alerts->file, &gone);
		}
		before = n != 0 ? rows[n - 1].id : 0;
		arena_reset(arena);
	}
	arena_free(arena);
	free(rows);
}

/* The list may change whenever this waits. */
static void round_job(struct auth *a, struct alert_job *j)
{
	(void)j;
	for (size_t i = 0; i < a->certificates.n; i++)
		tell_of(a, &a->certificates.v[i]);
	take_back(a);
}

static void on_round(void *arg)
{
	struct alert none = { 0 };

	alerts_queue(arg, &none, round_job);
}

void alerts_certificates(struct auth *a)
{
	timer_start(&a->alerts->round, a->loop, ROUND_MS, on_round, a);
}
