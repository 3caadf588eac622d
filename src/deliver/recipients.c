/*
 * recipients.c -- one message into the mailboxes of many.
 *
 * A few tasks share the list of recipients, so that many deliveries wait for
 * the same commit and none waits for another's account. One that fails has
 * its own result; the others go on.
 */
#include "base/buf.h"
#include "base/counter.h"
#include "base/log.h"
#include "deliver/internal.h"
#include "mailbox/name.h"

enum { AT_ONCE = 64 };

struct work {
	struct delivery *delivery;
	uint32_t next;    /* recipient */
	uint32_t running; /* tasks */
	struct wait_list done;
};

/* -- one recipient -- */

static struct err open_detail(struct account *a, struct slice detail,
                              struct mailbox **out)
{
	struct buf name = { 0 };
	struct err e = err(ERR_NONEXISTENT, "no detail");

	if (detail.len != 0)
		e = mailbox_name_normal(detail, &name);
	if (is_ok(e))
		e = mailbox_open_to_append(a, buf_slice(&name), out);
	buf_free(&name);
	return e;
}

/* A detail that is no mailbox's name is no reason to refuse mail. */
static struct err open_destination(struct account *a, struct slice detail,
                                   struct mailbox **out)
{
	struct err e = open_detail(a, detail, out);

	if (e.code == ERR_NONEXISTENT || e.code == ERR_CANNOT)
		e = mailbox_open_to_append(a, S("INBOX"), out);
	return e;
}

static void log_delivery(const struct delivery *d, const struct recipient *r,
                         struct mailbox *m, uint32_t uid)
{
	struct log_line l =
		log_open(LOG_LEVEL_INFO,
	                 is_ok(r->result) ? "delivered" : "not_delivered");

	counter_add(COUNTER_DELIVERED + is_ok(r->result), 1);
	log_text(&l, "session", d->session_id);
	log_text(&l, "user", r->name);
	if (d->peer.len != 0)
		log_text(&l, "peer", d->peer);
	log_text(&l, "from", d->sender);
	if (d->message != NULL)
		log_number(&l, "size", incoming_size(d->message));
	if (m != NULL)
		log_text(&l, "mailbox", mailbox_name(m));
	if (is_ok(r->result))
		log_number(&l, "uid", uid);
	else
		log_text(&l, "error", slice_cstr(r->result.text));
	log_close(&l);
}

static struct err append(struct delivery *d, struct mailbox *m, uint32_t *uid)
{
	struct new_message n = {
		.message = d->message,
		.internaldate = d->now,
	};

	return mailbox_append(m, &n, 1, uid);
}

/* *m is where it went, or was to go; NULL when nothing could be opened. */
static struct err deliver_into(struct delivery *d, struct account *a,
                               struct slice detail, struct mailbox **m,
                               uint32_t *uid)
{
	struct err e = open_destination(a, detail, m);

	if (!is_ok(e)) {
		*m = NULL;
		return e;
	}
	return append(d, *m, uid);
}

static void deliver_one(struct delivery *d, struct recipient *r)
{
	struct mailbox *m = NULL;
	struct account *a;
	uint32_t uid = 0;

	r->result = account_open(d->model, r->account, &a);
	if (!is_ok(r->result)) {
		log_delivery(d, r, NULL, 0);
		return;
	}
	r->result = deliver_into(d, a, r->detail, &m, &uid);
	/* deleted between its opening and the append: as if it had never been
	 */
	if (m != NULL && mailbox_is_gone(m)) {
		mailbox_close(m);
		r->result = deliver_into(d, a, S(""), &m, &uid);
	}
	log_delivery(d, r, m, uid);
	if (m != NULL)
		mailbox_close(m);
	account_close(a);
}

/* -- all of them -- */

static void worker(void *arg)
{
	struct work *w = arg;

	while (w->next < w->delivery->n)
		deliver_one(w->delivery, &w->delivery->v[w->next++]);
	if (--w->running == 0)
		task_wake_all(&w->done);
}

static void refuse_all(struct delivery *d, struct err e)
{
	for (uint32_t i = 0; i < d->n; i++) {
		d->v[i].result = e;
		log_delivery(d, &d->v[i], NULL, 0);
	}
}

void delivery_run(struct delivery *d, struct err e)
{
	struct work w = { .delivery = d };

	if (!is_ok(e)) {
		refuse_all(d, e);
		return;
	}
	w.running = d->n < AT_ONCE ? d->n : AT_ONCE;
	for (uint32_t i = 1; i < w.running; i++)
		task_spawn(d->loop, worker, &w);
	worker(&w);
	while (w.running > 0)
		task_wait(&w.done, WAIT_FOREVER);
}
