/*
 * roster.c -- see roster.h.
 */
#include "roostd/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "roostd/roles.h"

static bool is_single(enum role role)
{
	return role == ROLE_AUTH || role == ROLE_OUTSIDE ||
	       role == ROLE_METRICS;
}

static void add(struct roster *r, struct supervisor *of, enum role role,
                uint32_t index)
{
	struct child *c = &r->v[r->n++];

	*c = (struct child){ .of = of, .role = role, .index = index };
	c->counters = counters_new(&c->counters_fd);
	facts_init(c->facts);
	if (is_single(role))
		snprintf(c->name, sizeof c->name, "%s", role_name(role));
	else
		snprintf(c->name, sizeof c->name, "%s/%u", role_name(role),
		         index);
}

void roster_init(struct roster *r, const struct server *server,
                 struct supervisor *of)
{
	uint32_t partitions = (uint32_t)server->start->partitions;
	size_t n = 3 + server->gates + partitions + server->parsers;

	*r = (struct roster){ .v = mem_new(n, sizeof *r->v) };
	add(r, of, ROLE_AUTH, 0);
	add(r, of, ROLE_OUTSIDE, 0);
	add(r, of, ROLE_METRICS, 0);
	for (uint32_t i = 0; i < server->parsers; i++)
		add(r, of, ROLE_PARSE, i);
	for (uint32_t i = 0; i < partitions; i++)
		add(r, of, ROLE_MAIL, i);
	for (uint32_t i = 0; i < server->gates; i++)
		add(r, of, ROLE_GATE, i);
}

void roster_free(struct roster *r)
{
	for (size_t i = 0; i < r->n; i++) {
		counters_free(r->v[i].counters);
		close(r->v[i].counters_fd);
	}
	free(r->v);
}

struct child *roster_find(const struct roster *r, enum role role,
                          uint32_t index)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].role == role && r->v[i].index == index)
			return &r->v[i];
	}
	return NULL;
}

bool roster_is_gone(const struct roster *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].pid != 0)
			return false;
	}
	return true;
}

void roster_keep_counters(const struct roster *r, const struct child *c)
{
	for (size_t i = 0; i < r->n; i++) {
		if (&r->v[i] != c)
			counters_free(r->v[i].counters);
	}
	counters_use(c->counters);
}
