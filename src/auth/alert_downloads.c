/*
 * alert_downloads.c -- is somebody carrying an account's mail away?
 *
 *	FETCHED ──► by account and day ─────────► alerts.sqlite: the habit
 *	       └──► by account, network, hour ──► more than the habit?
 *
 * Hours are kept in a table that never grows, in which the least gives way;
 * days wait for a minute to be written together. What is lost of either by a
 * restart makes an alert later, or a habit smaller, and no more.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "auth/alerts_internal.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

/* More in half a minute is no session's. */
static const uint64_t report_most = UINT64_C(1) << 40;

/* -- days -- */

/* A copy: others are added while it waits. */
static void write_days(void *arg)
{
	struct auth *a = arg;
	struct alerts *all = a->alerts;
	size_t n = all->n_days;
	struct fetched_day *v = mem_copy(all->days, n * sizeof *v);
	struct err e;

	all->n_days = 0;
	e = n != 0 ? alert_file_add(all->file, v, n) : OK;
	if (!is_ok(e))
		log_note(LOG_LEVEL_ERROR, "alerts", e.text);
	free(v);
	auth_work_ends(a);
}

static void on_days(void *arg)
{
	struct auth *a = arg;

	timer_stop(&a->alerts->daily);
	a->working++;
	task_spawn(a->loop, write_days, a);
}

static void add_day(struct auth *a, uint64_t account, const struct fetched *f)
{
	struct alerts *all = a->alerts;

	if (all->n_days == DAYS)
		return; /* they are being written */
	all->days[all->n_days++] =
		(struct fetched_day){ account, clock_now_s() / 86400, *f };
	if (all->n_days == DAYS)
		on_days(a);
	else if (all->n_days == 1)
		timer_start(&all->daily, a->loop, DAYS_MS, on_days, a);
}

/* -- hours -- */

/* Its place, or that of whoever has fetched least. */
static struct fetched_hour *find_hour(struct alerts *all, uint64_t account,
                                      uint64_t network)
{
	uint64_t key[2] = { account, network };
	uint64_t at = hash_keyed(slice_of(key, sizeof key)) %
	              (HOURS / HOUR_WAYS) * HOUR_WAYS;
	struct fetched_hour *set = &all->hours[at], *least = set;
	int64_t hour = clock_now_s() / 3600;

	for (size_t i = 0; i < HOUR_WAYS; i++) {
		if (set[i].hour != hour)
			set[i] = (struct fetched_hour){ .hour = hour };
		if (set[i].account == account && set[i].network == network)
			return &set[i];
		if (set[i].sum.octets < least->sum.octets)
			least = &set[i];
	}
	*least = (struct fetched_hour){ .account = account,
		                        .network = network,
		                        .hour = hour };
	return least;
}

/* -- too much? -- */

static void download_job(struct auth *a, struct alert_job *j)
{
	int64_t day = j->alert.at_s / 86400;
	struct fetched largest;
	struct account_row row;

	if (!is_ok(alert_file_habit(a->alerts->file, j->alert.account, day,
	                            &largest)) ||
	    !habit_breaks(&j->fetched, &largest) ||
	    !is_ok(directory_find_id(a->directory, j->alert.account, &row)))
		return;
	j->alert.user = arena_copy(j->arena, account_row_name(&row));
	alert_add(&j->alert, "octets",
	          arena_printf(j->arena, "%" PRIu64, j->fetched.octets));
	alert_add(&j->alert, "messages",
	          arena_printf(j->arena, "%" PRIu64, j->fetched.messages));
	alert_add(&j->alert, "habit",
	          arena_printf(j->arena,
	                       "at most %" PRIu64 " octets, %" PRIu64
	                       " messages a day",
	                       largest.octets, largest.messages));
	alerts_tell(a, &j->alert);
}

/* New to the account, which isn't new itself; one that can't be asked is
 * settled. */
static bool is_settled(struct auth *a, uint64_t account, struct slice network)
{
	int64_t there_s, anywhere_s;

	if (!is_ok(history_first(a->history, account, network, &there_s,
	                         &anywhere_s)))
		return true;
	return habit_is_settled(there_s, clock_now_s()) ||
	       !habit_is_settled(anywhere_s, clock_now_s());
}

static void look(struct auth *a, struct fetched_hour *h, struct slice address,
                 struct slice network)
{
	struct alert alert = { .kind = ALERT_DOWNLOAD, .at_s = clock_now_s() };
	struct alert_job *j;

	if (!h->is_settled)
		h->is_settled = is_settled(a, h->account, network);
	if (h->is_settled)
		return;
	alert.account = h->account;
	alert.subject = network;
	alert_add(&alert, "rip", address);
	alert_add(&alert, "network", network);
	j = alerts_queue(a, &alert, download_job);
	if (j != NULL)
		j->fetched = h->sum;
}

static void take(struct auth *a, uint64_t account, struct slice address,
                 const struct fetched *f)
{
	char network[ADDRESS_TEXT + 4];
	struct fetched_hour *h;
	struct network n;

	if (!network_parse(address, &n))
		n = (struct network){ 0 };
	n = limit_place(&n.base);
	limit_network_text(&n, network);
	add_day(a, account, f);
	h = find_hour(a->alerts, account, hash_keyed(slice_cstr(network)));
	fetched_add(&h->sum, f);
	if (habit_may_break(&h->sum))
		look(a, h, address, slice_cstr(network));
}

static uint64_t bounded(uint64_t n)
{
	return n < report_most ? n : report_most;
}

bool alerts_fetched(struct peer *mail, struct frame_in *f)
{
	struct auth *a = mail->auth;

	while (!f->r.failed && !frame_is_whole(f)) {
		uint64_t account = read_u64(&f->r);
		struct slice address = frame_read_slice(f, ADDRESS_TEXT);
		struct fetched one = { .octets = bounded(read_u64(&f->r)) };

		one.messages = bounded(read_u64(&f->r));
		if (f->r.failed || account == 0 ||
		    directory_partition(a->directory, account) != mail->index)
			return false;
		take(a, account, address, &one);
	}
	return !f->r.failed;
}
