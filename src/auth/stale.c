/*
 * stale.c -- accounts that nobody has signed in to for long.
 *
 * Only those count that have a credential here: of others, whose accounts are
 * kept elsewhere, isn't known when they were there.
 */
#include "admin/verbs.h"
#include "auth/control_internal.h"
#include "base/arena.h"
#include "base/clock.h"

#include <inttypes.h>

enum { PAGE = 64, DAY_S = 24 * 60 * 60, DAYS_MOST = 36500 };

static void add_row(struct control *c, struct arena *a,
                    const struct stale_row *r, bool disabled)
{
	control_answer(
		c,
		(struct slice[STALE_COLUMNS]){
			[STALE_NAME] = r->name,
			[STALE_LAST_LOGIN] =
				r->last_use_s != 0 ? arena_printf(a, "%" PRId64,
	                                                          r->last_use_s)
						   : S(""),
			[STALE_CREATED] =
				arena_printf(a, "%" PRId64, r->created_s),
			[STALE_DISABLED] = disabled ? S("yes") : S("no"),
		},
		STALE_COLUMNS);
}

static struct err take_page(struct control *c, struct arena *a,
                            const struct stale_row *page, size_t n,
                            bool disable)
{
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < n; i++) {
		if (disable)
			e = account_enable(c->auth, page[i].name, false);
		if (is_ok(e))
			add_row(c, a, &page[i], disable);
	}
	return e;
}

struct err control_user_stale(struct control *c, struct slice days,
                              struct slice disable)
{
	struct control_pages pages;
	struct stale_row page[PAGE];
	struct slice last = S("");
	struct err e = OK;
	size_t n = PAGE;
	uint64_t most;
	int64_t before_s;

	if (!slice_number(days, &most) || most == 0 || most > DAYS_MOST)
		return err(ERR_SYNTAX, "days are a number from 1 to 36500");
	uses_flush(c->auth);
	before_s = clock_now_s() - (int64_t)most * DAY_S;
	control_pages_init(&pages);
	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		struct arena *a = control_pages_next(&pages);

		e = directory_stale(c->auth->directory, before_s, last, a, page,
		                    PAGE, &n);
		if (is_ok(e))
			e = take_page(c, a, page, n, disable.len != 0);
		if (n != 0)
			last = page[n - 1].name;
	}
	control_pages_fini(&pages);
	return e;
}
