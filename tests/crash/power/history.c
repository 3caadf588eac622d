/* history.c -- see history.h. */
#include "history.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "history: %s\n", what);
	abort();
}

static void read_mark(struct history *h, const struct recording *r, uint32_t n)
{
	const struct record_event *e = &r->events[n];
	struct steps *c;

	if (!record_is_mark(e) || e->kind == RECORD_PHASE)
		return;
	must(e->file < HISTORY_CHAINS, "too many chains");
	c = &h->chains[e->file];
	if (e->kind == RECORD_BEGIN) {
		must(c->n < HISTORY_STEPS, "too many steps");
		c->steps[c->n++] = (struct step){ .begin = n,
			                          .ack = UINT32_MAX,
			                          .what = record_bytes(r, e) };
		return;
	}
	must(c->n > 0, "a step that never began");
	if (e->kind == RECORD_STATE) {
		c->steps[c->n - 1].state = record_bytes(r, e);
		return;
	}
	c->steps[c->n - 1].ack = n;
	h->acknowledged++;
}

struct history *history_read(const struct recording *r)
{
	struct history *h = mem_new(1, sizeof *h);

	for (uint32_t n = 0; n < r->n; n++)
		read_mark(h, r, n);
	return h;
}

void history_begin_first(struct history *h)
{
	for (size_t i = 0; i < HISTORY_CHAINS; i++)
		if (h->chains[i].n > 0)
			h->chains[i].steps[0].begin =
				h->chains[i].steps[0].ack = 0;
}

uint32_t history_phase(const struct recording *r, const char *phase)
{
	for (uint32_t n = 0; n < r->n; n++)
		if (r->events[n].kind == RECORD_PHASE &&
		    slice_eq(record_bytes(r, &r->events[n]), slice_cstr(phase)))
			return n;
	return UINT32_MAX;
}

struct possible history_at(const struct history *h, uint32_t chain,
                           uint32_t cut)
{
	const struct steps *c = &h->chains[chain];
	struct possible p = { 0 };

	for (uint32_t i = 0; i < c->n && c->steps[i].begin < cut; i++) {
		p.begun = i + 1;
		if (c->steps[i].ack < cut) {
			p.v[0] = &c->steps[i];
			p.n = 1;
		} else {
			p.v[p.n++] = &c->steps[i];
		}
	}
	return p;
}
