/* control_limits.c -- sign-ins and lock-outs, at a command's request. */
#include <inttypes.h>

#include "admin/sign_ins.h"
#include "auth/attempt_limit.h"
#include "auth/control_internal.h"
#include "base/arena.h"

enum { PAGE = 64 };

/* -- history -- */

static void history_row(struct control *c, struct arena *a,
                        const struct sign_in *s)
{
	struct slice field[HISTORY_COLUMNS] = {
		[HISTORY_LAST] = control_time(a, s->last_s),
		[HISTORY_FIRST] = control_time(a, s->first_s),
		[HISTORY_COUNT] = arena_printf(a, "%" PRIu64, s->count),
		[HISTORY_RESULT] = s->granted ? S("ok") : S("failed"),
		[HISTORY_ADDRESS] = s->address,
		[HISTORY_NETWORK] = s->network,
		[HISTORY_COUNTRY] = s->country,
		[HISTORY_SERVICE] = s->service,
		[HISTORY_MECHANISM] = s->mechanism,
		[HISTORY_CREDENTIAL] = s->credential,
		[HISTORY_TLS] = s->tls,
		[HISTORY_CLIENT] = s->client,
		[HISTORY_SESSION] = s->session,
		[HISTORY_REASON] = s->reason,
	};

	control_answer(c, field, HISTORY_COLUMNS);
}

static struct err history_pages(struct control *c, uint64_t account,
                                struct arena *a, uint64_t most)
{
	struct sign_in page[PAGE];
	uint64_t before = 0;
	struct err e = OK;
	size_t n = PAGE;

	while (is_ok(e) && is_ok(c->e) && n == PAGE && most != 0) {
		e = history_page(c->auth->history, account, before, a, page,
		                 most < PAGE ? (size_t)most : PAGE, &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			history_row(c, a, &page[i]);
		if (n != 0)
			before = page[n - 1].id;
		most -= n;
		arena_reset(a);
	}
	return e;
}

/* What waits is written first, so that the answer is whole. */
struct err control_history(struct control *c, struct slice name,
                           struct slice most)
{
	struct account_row r;
	struct err e = control_find(c, name, &r);
	uint64_t n = UINT64_MAX;
	struct arena *a;

	if (is_ok(e) && most.len != 0 && !slice_number(most, &n))
		e = err(ERR_SYNTAX, "that is no number");
	if (!is_ok(e))
		return e;
	limits_flush(c->auth);
	a = arena_new(1 << 20);
	e = history_pages(c, r.id, a, n);
	arena_free(a);
	return e;
}

/* -- lock-outs -- */

static const struct slice kinds[LIMIT_KIND_SECRET] = {
	[LIMIT_KIND_ADDRESS] = { "address", 7 },
	[LIMIT_KIND_NETWORK] = { "network", 7 },
	[LIMIT_KIND_ACCOUNT] = { "account", 7 },
	[LIMIT_KIND_PLACE] = { "place", 5 },
};

static void lockout_row(struct control *c, struct arena *a,
                        enum limit_kind kind, const struct tally *y)
{
	struct slice field[LOCKOUT_COLUMNS] = {
		[LOCKOUT_KIND] = kinds[kind],
		[LOCKOUT_WHO] = arena_copy(a, tally_label(y)),
		[LOCKOUT_SINCE] = control_time(a, y->since_s),
		[LOCKOUT_UNTIL] = control_time(a, y->until_s),
		[LOCKOUT_FAILURES] = arena_printf(a, "%u", y->failures),
	};

	control_answer(c, field, LOCKOUT_COLUMNS);
	arena_reset(a);
}

struct err control_lockout_list(struct control *c, struct slice nothing,
                                struct slice nothing_either)
{
	struct arena *a = arena_new(1 << 16);

	(void)nothing;
	(void)nothing_either;
	for (int i = 0; i < LIMIT_KIND_SECRET; i++) {
		struct tallies *t =
			limits_table(c->auth->limits, (enum limit_kind)i);

		for (size_t p = 0; p < tallies_places(t) && is_ok(c->e); p++) {
			const struct tally *y =
				tallies_at(t, p, attempt_now_s());

			if (y != NULL && tally_is_locked(y, attempt_now_s()))
				lockout_row(c, a, (enum limit_kind)i, y);
		}
	}
	arena_free(a);
	return OK;
}

/* An account by any form of its name; else an address or a network. */
struct err control_lockout_clear(struct control *c, struct slice who,
                                 struct slice nothing)
{
	struct account_row r;
	struct err e =
		who.len != 0 ? control_find(c, who, &r) : err(ERR_ABSENT, NULL);
	bool is_account = is_ok(e);
	size_t n;

	(void)nothing;
	if (!is_account && e.code != ERR_ABSENT && e.code != ERR_SYNTAX)
		return e;
	n = limits_clear(c->auth->limits, who, is_account ? r.id : 0,
	                 attempt_now_s());
	e = limits_flush(c->auth);
	if (!is_ok(e))
		return err(e.code, "done, but not written down: it comes back "
		                   "if the server is restarted soon");
	if (n == 0 && who.len != 0)
		return err(ERR_ABSENT, "it was not locked out");
	return OK;
}
