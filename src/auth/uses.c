/* uses.c -- when credentials were last used, written many at a time. */
#include "auth/internal.h"
#include "base/clock.h"
#include "base/log.h"

static void flush_task(void *arg)
{
	uses_flush(arg);
}

static void on_timer(void *arg)
{
	struct auth *a = arg;

	task_spawn(a->loop, flush_task, a);
}

static struct credential_use use_of(uint64_t credential, int64_t at_s,
                                    struct slice address)
{
	struct credential_use use = { .credential = credential, .at_s = at_s };
	struct slice text = slice_first(address, sizeof use.address - 1);

	if (text.len != 0)
		memcpy(use.address, text.ptr, text.len);
	return use;
}

void uses_note(struct auth *a, uint64_t credential, struct slice address)
{
	struct uses *u = &a->uses;
	int64_t now = clock_now_s();

	if (credential == 0)
		return;
	for (size_t i = 0; i < u->n; i++) {
		if (u->v[i].credential == credential) {
			u->v[i] = use_of(credential, now, address);
			return;
		}
	}
	if (u->n == USES_MOST)
		return; /* about to be written; the next log-in will be */
	if (u->n == 0)
		timer_start(&u->timer, a->loop, USES_FLUSH_MS, on_timer, a);
	u->v[u->n++] = use_of(credential, now, address);
	if (u->n == USES_MOST)
		timer_start(&u->timer, a->loop, 1, on_timer, a);
}

void uses_flush(struct auth *a)
{
	struct credential_use copy[USES_MOST];
	size_t n = a->uses.n;
	struct err e;

	timer_stop(&a->uses.timer);
	if (n == 0)
		return;
	memcpy(copy, a->uses.v, n * sizeof *copy);
	a->uses.n = 0;
	e = directory_used(a->directory, copy, n);
	if (!is_ok(e))
		log_note(LOG_LEVEL_WARN, "last_use_lost", e.text);
}
