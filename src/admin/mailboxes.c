/* mailboxes.c -- MAILBOXES: what an account has, a row each. */
#include <inttypes.h>
#include <stdio.h>

#include "admin/internal.h"
#include "admin/verbs.h"
#include "mailbox/mailbox.h"

static void row(struct control_link *c, const struct mailbox_info *info,
                const struct mailbox_status *s)
{
	bool is_there = info->exists && !info->noselect;
	char messages[24] = "";
	char unseen[24] = "";
	char size[24] = "";

	if (is_there) {
		snprintf(messages, sizeof messages, "%" PRIu32, s->messages);
		snprintf(unseen, sizeof unseen, "%" PRIu32, s->unseen);
		snprintf(size, sizeof size, "%" PRIu64, s->size);
	}
	control_row(
		c,
		(struct slice[MAILBOX_COLUMNS]){
			[MAILBOX_NAME] = info->name,
			[MAILBOX_EXISTS] = info->exists ? S("yes") : S("no"),
			[MAILBOX_SUBSCRIBED] =
				info->subscribed ? S("yes") : S("no"),
			[MAILBOX_MESSAGES] = slice_cstr(messages),
			[MAILBOX_UNSEEN] = slice_cstr(unseen),
			[MAILBOX_SIZE] = slice_cstr(size),
		},
		MAILBOX_COLUMNS);
}

static struct err rows(struct control_link *c, struct arena *a)
{
	struct mailbox_info *v;
	size_t n;
	struct err e = mailbox_list(c->account, a, &v, &n);

	for (size_t i = 0; is_ok(e) && i < n; i++) {
		struct mailbox_status s = { 0 };

		if (v[i].exists && !v[i].noselect)
			e = mailbox_status(c->account, 0, v[i].name, &s);
		if (is_ok(e))
			row(c, &v[i], &s);
		else if (e.code == ERR_NONEXISTENT) /* deleted meanwhile */
			e = OK;
	}
	return e;
}

struct err mailboxes(struct control_link *c, struct frame_in *in)
{
	struct arena *a;
	struct err e;

	if (!frame_is_whole(in))
		return err(ERR_CORRUPT, "a request that makes no sense");
	control_record(c, "mailbox_list", (struct audit_entry){ 0 });
	a = arena_new(SIZE_MAX);
	e = rows(c, a);
	arena_free(a);
	control_done(c, e);
	return OK;
}
