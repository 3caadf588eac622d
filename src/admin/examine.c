/*
 * examine.c -- EXAMINE: what is not well with the accounts of a partition.
 *
 * One walk over all of them, which lets sessions go on between any two, and
 * rows only for what is wrong: those who ask look at servers with very many.
 */
#include <inttypes.h>
#include <stdio.h>

#include "admin/internal.h"
#include "admin/verbs.h"
#include "mailbox/mailbox.h"

enum { EXAMINE_ARENA = 16 << 20, PERCENT_MOST = 100 };

struct examination {
	struct control_link *control;
	struct arena *arena; /* of one account */
	unsigned percent;
	uint64_t n;
};

static void finding(struct examination *x,
                    const struct slice field[EXAMINE_COLUMNS])
{
	control_row(x->control, field, EXAMINE_COLUMNS);
}

/* Sizes may be any; whether it is 90 or 90.000001 per cent is no matter. */
static bool is_below(uint64_t used, uint64_t limit, unsigned percent)
{
	return (double)used * PERCENT_MOST < (double)limit * percent;
}

static void examine_quota(struct examination *x, struct account *account)
{
	struct quota q;

	account_quota(account, &q);
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		if (q.limit[i] == 0 ||
		    is_below(q.used[i], q.limit[i], x->percent))
			continue;
		finding(x, (struct slice[EXAMINE_COLUMNS]){
				   [EXAMINE_ACCOUNT] = account_name(account),
				   [EXAMINE_FINDING] = S("quota"),
				   [EXAMINE_WHAT] = quota_names[i],
				   [EXAMINE_USED] = arena_printf(
					   x->arena, "%" PRIu64, q.used[i]),
				   [EXAMINE_LIMIT] = arena_printf(
					   x->arena, "%" PRIu64, q.limit[i]),
			   });
	}
}

/* Its counts are read as well: they are there, or it is broken. */
static struct err examine_mailbox(struct examination *x,
                                  struct account *account,
                                  const struct mailbox_info *info)
{
	struct mailbox_status status;
	struct err e;

	if (!info->exists && info->subscribed)
		finding(x, (struct slice[EXAMINE_COLUMNS]){
				   [EXAMINE_ACCOUNT] = account_name(account),
				   [EXAMINE_FINDING] = S("subscription"),
				   [EXAMINE_WHAT] = info->name,
			   });
	if (!info->exists || info->noselect)
		return OK;
	e = mailbox_status(account, 0, info->name, &status);
	return e.code == ERR_NONEXISTENT ? OK : e; /* deleted meanwhile */
}

static struct err examine_mailboxes(struct examination *x,
                                    struct account *account)
{
	struct mailbox_info *v;
	size_t n = 0;
	struct err e = mailbox_list(account, x->arena, &v, &n);

	for (size_t i = 0; is_ok(e) && i < n; i++)
		e = examine_mailbox(x, account, &v[i]);
	return e;
}

static bool examine_account(void *arg, uint64_t id, struct slice name)
{
	struct examination *x = arg;
	struct account *account = NULL;
	struct slice copy = arena_copy(x->arena, name);
	struct err e = account_open(x->control->mail->model, id, &account);

	if (is_ok(e)) {
		examine_quota(x, account);
		e = examine_mailboxes(x, account);
		account_close(account);
	}
	x->n += e.code != ERR_ABSENT; /* removed meanwhile */
	if (!is_ok(e) && e.code != ERR_ABSENT)
		finding(x, (struct slice[EXAMINE_COLUMNS]){
				   [EXAMINE_ACCOUNT] = copy,
				   [EXAMINE_FINDING] = S("unreadable"),
				   [EXAMINE_WHAT] = slice_cstr(e.text),
			   });
	arena_reset(x->arena);
	task_pause();
	return is_ok(x->control->e);
}

struct err examine(struct control_link *c, struct frame_in *in)
{
	struct examination x = { .control = c, .percent = read_u8(&in->r) };
	char n[24];
	struct err e;

	if (!frame_is_whole(in) || x.percent == 0 || x.percent > PERCENT_MOST)
		return err(ERR_CORRUPT, "a request that makes no sense");
	x.arena = arena_new(EXAMINE_ARENA);
	e = model_accounts(c->mail->model, examine_account, &x);
	arena_free(x.arena);
	snprintf(n, sizeof n, "%" PRIu64, x.n);
	control_done(c, is_ok(e) ? err(ERR_OK, n) : e);
	return OK;
}
