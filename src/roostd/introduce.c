/*
 * introduce.c -- see introduce.h.
 */
#include "roostd/introduce.h"

static const bool talks[ROLES][ROLES] = {
	[ROLE_GATE] = { [ROLE_AUTH] = true, [ROLE_MAIL] = true },
	[ROLE_AUTH] = { [ROLE_GATE] = true,
	                [ROLE_MAIL] = true,
	                [ROLE_OUTSIDE] = true },
	[ROLE_MAIL] = { [ROLE_GATE] = true,
	                [ROLE_AUTH] = true,
	                [ROLE_PARSE] = true },
	[ROLE_PARSE] = { [ROLE_MAIL] = true },
	[ROLE_OUTSIDE] = { [ROLE_AUTH] = true },
};

/* Whom mail can't open its partition for is to hear "try again later" from
 * gate, not to wait at a door behind which a process dies. */
static bool can_be_met(const struct child *c)
{
	return c->link != NULL && (c->role != ROLE_MAIL || c->ready);
}

static void introduce(struct child *a, struct child *b)
{
	int fds[2];
	struct err e;

	if (!talks[a->role][b->role] || !can_be_met(a) || !can_be_met(b))
		return;
	e = link_pair(fds);
	if (!is_ok(e)) {
		log_note(LOG_LEVEL_ERROR, "no_link", e.text);
		return;
	}
	child_send_peer(a, b, fds[0]);
	child_send_peer(b, a, fds[1]);
}

void introduce_to_all(struct child *c, struct roster *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (&all->v[i] != c)
			introduce(c, &all->v[i]);
	}
}

static enum role role_of(enum listener_kind kind)
{
	switch (kind) {
	case LISTENER_CONTROL:
	case LISTENER_AUTH:
		return ROLE_AUTH;
	case LISTENER_METRICS:
		return ROLE_METRICS;
	default:
		return ROLE_GATE;
	}
}

void introduce_listeners(struct child *c, const struct listeners *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (role_of(all->v[i].kind) == c->role)
			child_send_listener(c, &all->v[i]);
	}
	c->has_listeners = true;
}
