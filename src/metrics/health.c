/*
 * health.c -- is all well?
 *
 * The parent is asked who answers; what mail processes say of their disks is on
 * their pages. An answer counts for a moment, so that asking often is not
 * asking the parent often.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "metrics/internal.h"

enum { FRESH_MS = 500, PATIENCE_MS = 3 * SURVEY_MS };

struct waiting {
	struct waiting *next;
	void (*fn)(void *arg);
	void *arg;
};

struct health {
	struct metrics *metrics;
	struct buf text;
	bool is_well;
	bool is_known;
	uint64_t known_ms;
	bool is_asked;
	struct waiting *waiting;
	struct timer timer;
};

static void settle(struct health *h)
{
	struct waiting *all = h->waiting;

	timer_stop(&h->timer);
	h->is_asked = false;
	h->is_known = true;
	h->known_ms = loop_now_ms(h->metrics->loop);
	h->waiting = NULL;
	while (all != NULL) {
		struct waiting *w = all;

		all = w->next;
		w->fn(w->arg);
		free(w);
	}
}

static void on_patience(void *arg)
{
	struct health *h = arg;

	h->text.len = 0;
	h->is_well = false;
	buf_add(&h->text, S("roostd does not answer\n"));
	settle(h);
}

static void ask_parent(struct health *h)
{
	struct frame_out f = { 0 };

	h->is_asked = true;
	timer_start(&h->timer, h->metrics->loop, PATIENCE_MS, on_patience, h);
	frame_begin(&f, FRAME_SURVEY);
	parent_send(h->metrics->parent, &f);
}

bool health_is_known(const struct health *h)
{
	return h->is_known &&
	       loop_now_ms(h->metrics->loop) - h->known_ms < FRESH_MS;
}

void health_ask(struct health *h, void (*fn)(void *arg), void *arg)
{
	struct waiting *w = mem_new(1, sizeof *w);

	*w = (struct waiting){ h->waiting, fn, arg };
	h->waiting = w;
	if (!h->is_asked)
		ask_parent(h);
}

/* -- what pages say -- */

static bool is_set(const struct process *p, size_t gauge)
{
	return p->page != NULL && counters_value(p->page, gauge) != 0;
}

/* On a full disk mail is read and removed, and what comes waits with its
 * sender: that is for an operator, and no reason to send clients away. */
static void look_at_store(struct health *h, const struct process *p)
{
	if (is_set(p, COUNTER_STORE_FULL))
		buf_printf(&h->text, "%s: the disk is full\n", p->name);
	if (!is_set(p, COUNTER_STORE_BROKEN))
		return;
	buf_printf(&h->text, "%s: the store can't be written\n", p->name);
	h->is_well = false;
}

bool health_on_surveyed(struct health *h, struct frame_in *f)
{
	struct slice text = frame_read_slice(f, SURVEY_TEXT);

	if (!frame_is_whole(f))
		return false;
	h->text.len = 0;
	h->is_well = text.len == 0;
	buf_add(&h->text, text);
	for (size_t i = 0; i < h->metrics->n_processes; i++)
		look_at_store(h, &h->metrics->processes[i]);
	settle(h);
	return true;
}

bool health_is_well(const struct health *h)
{
	return h->is_well;
}

struct slice health_text(const struct health *h)
{
	return buf_slice(&h->text);
}

/* -- the whole -- */

struct health *health_new(struct metrics *m)
{
	struct health *h = mem_new(1, sizeof *h);

	h->metrics = m;
	return h;
}

void health_free(struct health *h)
{
	settle(h);
	buf_free(&h->text);
	free(h);
}
