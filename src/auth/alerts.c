/* alerts.c -- the queue, and what becomes of each. */
#include "auth/alerts_internal.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "guard/alert_text.h"

enum { HOUR_MS = 3600 * 1000 };

/* -- the queue -- */

static void job_free(struct alert_job *j)
{
	arena_free(j->arena);
	free(j);
}

static struct alert_job *job_new(const struct alert *a)
{
	struct alert_job *j = mem_new(1, sizeof *j);

	j->arena = arena_new(ALERT_ARENA);
	j->alert = *a;
	j->alert.user = arena_copy(j->arena, a->user);
	j->alert.subject =
		arena_copy(j->arena, slice_first(a->subject, ALERT_SUBJECT));
	for (size_t i = 0; i < a->n_fields; i++)
		j->alert.field[i].value = arena_copy(
			j->arena, slice_first(a->field[i].value, ALERT_VALUE));
	return j;
}

static void log_lost(struct alerts *all)
{
	struct log_line l;

	if (all->lost == 0)
		return;
	l = log_open(LOG_LEVEL_WARN, "alerts_lost");
	log_number(&l, "alerts", all->lost);
	log_close(&l);
	all->lost = 0;
}

static void work(void *arg)
{
	struct auth *a = arg;
	struct alerts *all = a->alerts;

	while (all->first != NULL) {
		struct alert_job *j = all->first;

		all->first = j->next;
		if (all->first == NULL)
			all->last = &all->first;
		all->queued--;
		j->run(a, j);
		job_free(j);
	}
	log_lost(all);
	all->is_working = false;
	auth_work_ends(a);
}

struct alert_job *alerts_queue(struct auth *a, const struct alert *alert,
                               void (*run)(struct auth *, struct alert_job *))
{
	struct alerts *all = a->alerts;
	struct alert_job *j;

	if (all->is_stopping || all->queued >= ALERT_QUEUE) {
		all->lost++;
		return NULL;
	}
	j = job_new(alert);
	j->run = run;
	*all->last = j;
	all->last = &j->next;
	all->queued++;
	if (!all->is_working) {
		all->is_working = true;
		a->working++;
		task_spawn(a->loop, work, a);
	}
	return j;
}

/* -- raising -- */

/* One that can't be asked is not silent. */
static bool is_silenced(struct auth *a, const struct alert *alert)
{
	struct slice name = alert->user.len != 0 ? alert->user : S("@");
	struct arena *arena = arena_new(1 << 16);
	struct policies p;
	bool silenced =
		is_ok(directory_policies_for(a->directory, name, arena, &p)) &&
		policy_silences(p.v[POLICY_SILENT_ALERTS].text,
	                        alert_kind_name(alert->kind), clock_now_s());

	arena_free(arena);
	return silenced;
}

/* One that can't be kept in mind would be sent again and again: the log alone
 * has it then. */
void alerts_tell(struct auth *a, const struct alert *alert)
{
	struct err e;
	bool is_new;

	if (is_silenced(a, alert))
		return;
	e = alert_file_raise(a->alerts->file, alert, &is_new);
	if (!is_ok(e))
		log_note(LOG_LEVEL_ERROR, "alerts", e.text);
	if (is_new || !is_ok(e))
		alert_log(alert);
	if (is_new)
		alert_post_all(a, alert);
}

static void raise_job(struct auth *a, struct alert_job *j)
{
	alerts_tell(a, &j->alert);
}

void alerts_raise(struct auth *a, const struct alert *alert)
{
	alerts_queue(a, alert, raise_job);
}

struct err alerts_forget(struct auth *a, uint64_t account)
{
	return alert_file_forget(a->alerts->file, account);
}

/* -- from hour to hour -- */

static void trim_job(struct auth *a, struct alert_job *j)
{
	struct err e = alert_file_trim(a->alerts->file, j->alert.at_s);

	if (!is_ok(e))
		log_note(LOG_LEVEL_ERROR, "alerts", e.text);
}

static void on_hour(void *arg)
{
	struct auth *a = arg;
	struct alert none = { .at_s = clock_now_s() };

	timer_start(&a->alerts->hourly, a->loop, HOUR_MS, on_hour, a);
	alerts_queue(a, &none, trim_job);
	alerts_certificates(a);
}

void alerts_start(struct auth *a)
{
	timer_start(&a->alerts->hourly, a->loop, HOUR_MS, on_hour, a);
}

void alerts_stop(struct auth *a)
{
	a->alerts->is_stopping = true;
}

/* -- the process's -- */

/* Beside the directory. */
static char *alerts_path(const struct auth *a)
{
	struct slice file = slice_cstr(a->options->directory);
	size_t slash = slice_rfind_byte(file, '/');
	struct buf path = { 0 };

	if (slash != SLICE_NONE)
		buf_add(&path, slice_first(file, slash + 1));
	buf_add(&path, S("alerts.sqlite"));
	buf_byte(&path, '\0');
	return (char *)(uintptr_t)buf_take(&path).ptr;
}

int alerts_open(struct auth *a)
{
	struct alerts *all = mem_new(1, sizeof *all);
	char *path = alerts_path(a);
	struct err e = alert_file_open(path, &all->file);

	free(path);
	all->last = &all->first;
	a->alerts = all;
	if (is_ok(e))
		return EX_OK;
	log_note(LOG_LEVEL_ERROR, "alerts", e.text);
	alerts_close(a);
	return e.code == ERR_NOTNOW ? EX_CONFIG : EX_CANTCREAT;
}

void alerts_close(struct auth *a)
{
	struct alerts *all = a->alerts;

	if (all == NULL)
		return;
	timer_stop(&all->hourly);
	timer_stop(&all->round);
	timer_stop(&all->daily);
	alert_posts_free(&all->posts);
	while (all->first != NULL) {
		struct alert_job *j = all->first;

		all->first = j->next;
		job_free(j);
	}
	alert_file_close(all->file);
	free(all);
	a->alerts = NULL;
}
