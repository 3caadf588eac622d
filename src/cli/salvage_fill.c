/*
 * salvage_fill.c -- what waits, ordered by mailbox, and a task an account.
 *
 *	add ──► waiting ──► sorted ─┬─► account 1: INBOX, then lists ─┐
 *	                            └─► account 2: INBOX              ├─► wait
 *	                                                              ┘
 */
#include "cli/salvage_fill.h"

#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/mailbox.h"
#include "task/task.h"

enum { MOST = 512, MOST_BYTES = 16 << 20 };

struct waiting {
	const struct place_mailbox *to;
	struct new_message message;
	size_t number; /* in the order of the packs */
};

struct salvage_fill {
	struct model *model;
	const struct places *places;
	struct progress *progress;
	struct waiting waiting[MOST];
	size_t n;
	uint64_t bytes;
	size_t running; /* tasks */
	struct wait_list done;
	struct err e; /* the first */
};

/* What one task appends: waiting messages of one account, in order. */
struct share {
	struct salvage_fill *fill;
	const struct waiting *v;
	size_t n;
};

static void keep(struct salvage_fill *f, struct err e)
{
	if (is_ok(f->e))
		f->e = e;
}

static int compare(const void *a, const void *b)
{
	const struct waiting *x = a;
	const struct waiting *y = b;

	if (x->to->account != y->to->account)
		return x->to->account < y->to->account ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* -- in the task of an account -- */

static struct err open_account(const struct share *s, struct account **out)
{
	const struct place_mailbox *to = s->v->to;
	struct err e =
		account_create(s->fill->model, to->account, to->account_name);

	if (!is_ok(e) && e.code != ERR_ALREADYEXISTS)
		return e;
	return account_open(s->fill->model, to->account, out);
}

/* A name that can't be one any more: INBOX has room for everything. */
static struct err open_mailbox(struct account *account, struct slice name,
                               struct mailbox **out)
{
	struct err e = mailbox_open_to_append(account, name, out);

	if (e.code == ERR_NONEXISTENT) {
		e = mailbox_create(account, name, 0);
		if (is_ok(e))
			e = mailbox_open_to_append(account, name, out);
	}
	return e.code == ERR_CANNOT
	               ? mailbox_open_to_append(account, S("INBOX"), out)
	               : e;
}

static struct err append(struct account *account, const struct waiting *v,
                         size_t n)
{
	struct new_message *messages;
	uint32_t *uids;
	struct mailbox *mailbox;
	struct err e = open_mailbox(account, v->to->name, &mailbox);

	if (!is_ok(e))
		return e;
	messages = mem_new(n, sizeof *messages);
	uids = mem_new(n, sizeof *uids);
	for (size_t i = 0; i < n; i++)
		messages[i] = v[i].message;
	e = mailbox_append(mailbox, messages, n, uids);
	free(messages);
	free(uids);
	mailbox_close(mailbox);
	return e;
}

static struct err append_share(const struct share *s)
{
	struct account *account;
	struct err e = open_account(s, &account);
	size_t n;

	if (!is_ok(e))
		return e;
	for (size_t i = 0; is_ok(e) && i < s->n; i += n) {
		n = 1;
		while (i + n < s->n && s->v[i + n].to == s->v[i].to)
			n++;
		e = append(account, &s->v[i], n);
	}
	account_close(account);
	return e;
}

static void share_task(void *arg)
{
	struct share *s = arg;
	struct salvage_fill *f = s->fill;

	keep(f, append_share(s));
	free(s);
	f->running--;
	task_wake_all(&f->done);
}

/* -- gathering -- */

static void spawn(struct salvage_fill *f, const struct waiting *v, size_t n)
{
	struct share *s = mem_new(1, sizeof *s);

	*s = (struct share){ f, v, n };
	f->running++;
	task_spawn(task_loop(), share_task, s);
}

static void append_all(struct salvage_fill *f)
{
	size_t n;

	qsort(f->waiting, f->n, sizeof f->waiting[0], compare);
	for (size_t i = 0; i < f->n; i += n) {
		uint64_t account = f->waiting[i].to->account;

		n = 1;
		while (i + n < f->n && f->waiting[i + n].to->account == account)
			n++;
		spawn(f, &f->waiting[i], n);
	}
	while (f->running != 0)
		task_wait(&f->done, WAIT_FOREVER);
}

static void flush(struct salvage_fill *f)
{
	if (is_ok(f->e))
		append_all(f);
	for (size_t i = 0; i < f->n; i++)
		incoming_free(f->waiting[i].message.message);
	f->n = 0;
	f->bytes = 0;
}

static struct err take(struct salvage_fill *f, struct slice bytes,
                       const struct place *place)
{
	struct incoming *message = incoming_new(f->model);
	struct err e = incoming_write(message, bytes);

	if (is_ok(e))
		e = incoming_finish(message);
	if (!is_ok(e)) {
		incoming_free(message);
		/* no octets: nothing is lost */
		return e.code == ERR_NO ? OK : e;
	}
	f->waiting[f->n] = (struct waiting){
		.to = place_mailbox(f->places, place),
		.message = { .message = message,
		             .flags = place->flags,
		             .internaldate = place->internaldate,
		             .zone = place->zone },
		.number = f->n,
	};
	f->n++;
	f->bytes += bytes.len;
	progress_message(f->progress, 0);
	return OK;
}

bool salvage_fill_add(struct salvage_fill *f, struct slice bytes,
                      const struct place *place)
{
	if (is_ok(f->e))
		keep(f, take(f, bytes, place));
	if (f->n == MOST || f->bytes >= MOST_BYTES)
		flush(f);
	return is_ok(f->e);
}

struct salvage_fill *salvage_fill_new(struct model *model,
                                      const struct places *places,
                                      struct progress *progress)
{
	struct salvage_fill *f = mem_new(1, sizeof *f);

	f->model = model;
	f->places = places;
	f->progress = progress;
	return f;
}

struct err salvage_fill_free(struct salvage_fill *f)
{
	struct err e;

	flush(f);
	e = f->e;
	free(f);
	return e;
}
