/* tickets.c -- a short array in order of arrival. */
#include "roostd/tickets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

static void drop(struct tickets *t, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		free(t->v[i].holder.hidden);
	memmove(t->v + from, t->v + from + n, (t->n - from - n) * sizeof *t->v);
	t->n -= n;
}

static void drop_expired(struct tickets *t, uint64_t now_ms)
{
	size_t n = 0;

	while (n < t->n && t->v[n].until_ms <= now_ms)
		n++;
	if (n != 0)
		drop(t, 0, n);
}

void tickets_add(struct tickets *t, uint64_t now_ms, struct slice secret,
                 struct slice session_id, struct ticket_holder holder)
{
	struct ticket *one;

	assert(secret.len == TICKET_SIZE && session_id.len == SESSION_ID_SIZE);
	drop_expired(t, now_ms);
	if (t->n == TICKETS_MOST)
		drop(t, 0, 1);
	t->v = mem_resize(t->v, t->n + 1, sizeof *t->v);
	one = &t->v[t->n++];
	*one = (struct ticket){ .holder = holder,
		                .until_ms = now_ms + TICKET_MS };
	memcpy(one->secret, secret.ptr, TICKET_SIZE);
	memcpy(one->session_id, session_id.ptr, SESSION_ID_SIZE);
}

bool tickets_take(struct tickets *t, uint64_t now_ms, struct slice secret,
                  struct slice session_id, struct ticket_holder *out)
{
	drop_expired(t, now_ms);
	for (size_t i = 0; i < t->n; i++) {
		struct ticket *one = &t->v[i];

		if (!secret_eq(slice_of(one->secret, TICKET_SIZE), secret) ||
		    !secret_eq(slice_of(one->session_id, SESSION_ID_SIZE),
		               session_id))
			continue;
		*out = one->holder;
		one->holder.hidden = NULL;
		drop(t, i, 1);
		return true;
	}
	return false;
}

void tickets_void(struct tickets *t, uint64_t account, uint64_t credential)
{
	for (size_t i = t->n; i-- != 0;) {
		const struct ticket_holder *h = &t->v[i].holder;

		if ((account == 0 || h->account == account) &&
		    (credential == 0 || h->credential == credential))
			drop(t, i, 1);
	}
}

void tickets_free(struct tickets *t)
{
	drop(t, 0, t->n);
	free(t->v);
	*t = (struct tickets){ 0 };
}
