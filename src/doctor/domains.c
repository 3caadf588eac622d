/*
 * domains.c -- how clients of many domains find their server.
 *
 * Nearly all of it is waiting for others, so some threads share the list.
 * Each domain has findings of its own until all are there; then they stand in
 * the report in the order of the list. Where no name server answers, each
 * domain would cost its time in vain: that ends it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "doctor/internal.h"

enum { THREADS = 32, SILENT_MOST = 64 };

struct domains {
	const struct doctor *doctor;
	char *const *names;
	const char *imap;
	struct report **reports; /* of each that was looked at */
	size_t n;
	pthread_mutex_t lock;
	size_t next;   /* that nobody has begun with */
	size_t silent; /* in a row, as they came to an end */
};

/* False: there is none, or no use. */
static bool begin(struct domains *ds, size_t *i)
{
	bool more;

	pthread_mutex_lock(&ds->lock);
	more = ds->next < ds->n && ds->silent < SILENT_MOST;
	if (more)
		*i = ds->next++;
	pthread_mutex_unlock(&ds->lock);
	return more;
}

static void end(struct domains *ds, bool answered)
{
	pthread_mutex_lock(&ds->lock);
	ds->silent = answered ? 0 : ds->silent + 1;
	pthread_mutex_unlock(&ds->lock);
}

static void *run(void *arg)
{
	struct domains *ds = arg;
	size_t i;

	while (begin(ds, &i)) {
		struct doctor own = *ds->doctor;

		own.report = ds->reports[i] = report_new();
		end(ds, doctor_discovery(&own, ds->names[i], ds->imap));
	}
	return NULL;
}

/* By as many threads as there can be, of which this is one. */
static void run_all(struct domains *ds)
{
	pthread_t threads[THREADS];
	size_t n = 0;

	while (n < THREADS && n + 1 < ds->n &&
	       pthread_create(&threads[n], NULL, run, ds) == 0)
		n++;
	run(ds);
	while (n != 0)
		pthread_join(threads[--n], NULL);
}

void doctor_domains(const struct doctor *d, char *const *names, size_t n,
                    const char *imap)
{
	struct domains ds = { .doctor = d,
		              .names = names,
		              .imap = imap,
		              .n = n,
		              .lock = PTHREAD_MUTEX_INITIALIZER };

	ds.reports = mem_new(n + 1, sizeof(struct report *));
	run_all(&ds);
	for (size_t i = 0; i < ds.next; i++) {
		report_add(d->report, ds.reports[i]);
		report_free(ds.reports[i]);
	}
	if (ds.next < n)
		report_bad(d->report, CHECK_NAME_SERVER, "domains",
		           "%zu more were not asked after", n - ds.next);
	free(ds.reports);
}
