/* certificate_dates.c -- a sorted list, and its day's round. */
#include "guard/certificate_dates.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"

enum { DAY_S = 24 * 60 * 60 };

int64_t certificate_days(const struct certificate_date *d)
{
	int64_t left = (int64_t)d->expires - (int64_t)time(NULL);

	return left < 0 ? (left + 1) / DAY_S - 1 : left / DAY_S;
}

static void warn(const struct certificate_date *d)
{
	int64_t days = certificate_days(d);
	struct log_line l;

	if (days >= CERTIFICATE_WARN_DAYS)
		return;
	l = log_open(LOG_LEVEL_WARN,
	             days < 0 ? "certificate_expired" : "certificate_expires");
	if (days >= 0)
		log_number(&l, "days", (uint64_t)days);
	log_text(&l, "name", slice_cstr(d->name));
	log_close(&l);
}

static void on_day(void *arg)
{
	struct certificate_dates *all = arg;

	timer_start(&all->daily, all->loop, DAY_S * 1000, on_day, all);
	for (size_t i = 0; i < all->n; i++)
		warn(&all->v[i]);
}

/* Where it is, or has its place. */
static size_t place_of(const struct certificate_dates *all, struct slice name,
                       bool *is_there)
{
	size_t from = 0;
	size_t to = all->n;

	*is_there = false;
	while (from < to) {
		size_t at = from + (to - from) / 2;
		int order = slice_cmp(slice_cstr(all->v[at].name), name);

		if (order == 0) {
			*is_there = true;
			return at;
		}
		if (order < 0)
			from = at + 1;
		else
			to = at;
	}
	return from;
}

static void insert(struct certificate_dates *all, size_t at, struct slice name)
{
	all->v = mem_resize(all->v, all->n + 1, sizeof *all->v);
	memmove(all->v + at + 1, all->v + at, (all->n - at) * sizeof *all->v);
	all->v[at] = (struct certificate_date){ .name = mem_cstr(name) };
	all->n++;
}

static void drop(struct certificate_dates *all, size_t at)
{
	free(all->v[at].name);
	all->n--;
	memmove(all->v + at, all->v + at + 1, (all->n - at) * sizeof *all->v);
}

void certificate_dates_set(struct certificate_dates *all, struct loop *loop,
                           struct slice name, uint64_t expires)
{
	bool is_there;
	size_t at = place_of(all, name, &is_there);

	if (all->loop == NULL)
		timer_start(&all->daily, loop, DAY_S * 1000, on_day, all);
	all->loop = loop;
	if (expires == 0 && is_there)
		drop(all, at);
	if (expires == 0)
		return;
	if (!is_there)
		insert(all, at, name);
	else if (all->v[at].expires == expires)
		return;
	all->v[at].expires = expires;
	warn(&all->v[at]);
}

void certificate_dates_free(struct certificate_dates *all)
{
	timer_stop(&all->daily);
	while (all->n != 0)
		drop(all, all->n - 1);
	free(all->v);
	*all = (struct certificate_dates){ 0 };
}

const struct certificate_date *
certificate_dates_first(const struct certificate_dates *all)
{
	const struct certificate_date *first = all->n != 0 ? all->v : NULL;

	for (size_t i = 1; i < all->n; i++) {
		if (all->v[i].expires < first->expires)
			first = &all->v[i];
	}
	return first;
}
