/*
 * mail_registry.c -- the sessions that run, as an administrator has them
 * listed, ended and traced: admin/serve_mail.h asks.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "roostd/mail_internal.h"

/* -- for `roost who` and `roost kick` -- */

static struct session_entry entry_of(const struct session_facts *f,
                                     uint64_t now_ms)
{
	uint64_t idle_ms = now_ms > f->active_ms ? now_ms - f->active_ms : 0;

	return (struct session_entry){
		.session_id = f->session_id,
		.account_name = f->account_name,
		.peer = f->peer,
		.client_id = f->client_id,
		.mailbox = f->mailbox,
		.visits = f->visits,
		.n_visits = f->n_visits,
		.command = slice_cstr(f->command),
		.since_s = f->since_s,
		.idle_s = idle_ms / 1000,
		.tls = f->tls,
	};
}

struct walk {
	void (*fn)(void *arg, const struct session_entry *);
	void *arg;
	uint64_t now_ms;
};

static void walk_one(void *arg, struct mail_session *s)
{
	const struct walk *w = arg;
	struct session_facts facts;
	struct session_entry entry;

	conn_facts(s->conn, &facts);
	entry = entry_of(&facts, w->now_ms);
	w->fn(w->arg, &entry);
}

static void walk(void *ctx, void (*fn)(void *arg, const struct session_entry *),
                 void *arg)
{
	struct mail *m = ctx;
	struct walk w = { fn, arg, loop_now_ms(m->loop) };

	mail_each_session(m, walk_one, &w);
}

static const char kicked[] = "disconnected by the administrator";

struct kick {
	struct slice who;
	uint64_t n;
};

static void kick_one(void *arg, struct mail_session *s)
{
	struct kick *k = arg;
	struct session_facts f;

	conn_facts(s->conn, &f);
	if (!slice_eq(f.session_id, k->who) &&
	    !slice_eq(f.account_name, k->who))
		return;
	conn_dismiss(s->conn, kicked);
	k->n++;
}

static uint64_t kick(void *ctx, struct slice who)
{
	struct kick k = { .who = who };

	mail_each_session(ctx, kick_one, &k);
	return k.n + mail_kick_visits(ctx, who, kicked);
}

/* -- for `roost trace` -- */

const struct trace_sink *mail_trace_of(const struct mail *m, uint64_t account)
{
	for (const struct mail_watch *w = m->watches; w != NULL; w = w->next)
		if (w->account == account)
			return &w->sink;
	return NULL;
}

static void on_line(void *ctx, struct slice session_id, struct slice line)
{
	const struct watcher *to = ctx;

	to->line(to->ctx, session_id, line);
}

struct tracing {
	uint64_t account;
	const struct trace_sink *sink;
};

static void trace_one(void *arg, struct mail_session *s)
{
	const struct tracing *t = arg;

	if (s->account == t->account)
		conn_trace(s->conn, t->sink);
}

static void trace_all(struct mail *m, uint64_t account,
                      const struct trace_sink *sink)
{
	struct tracing t = { account, sink };

	mail_each_session(m, trace_one, &t);
}

static bool watch(void *ctx, uint64_t account, const struct watcher *watcher)
{
	struct mail *m = ctx;
	struct mail_watch *w;

	if (mail_trace_of(m, account) != NULL)
		return false;
	w = mem_new(1, sizeof *w);
	w->account = account;
	w->watcher = *watcher;
	w->sink = (struct trace_sink){ on_line, &w->watcher, watcher->text };
	w->next = m->watches;
	m->watches = w;
	trace_all(m, account, &w->sink);
	return true;
}

static void unwatch(void *ctx, uint64_t account)
{
	struct mail *m = ctx;
	struct mail_watch **at = &m->watches;
	struct mail_watch *w;

	while ((*at)->account != account)
		at = &(*at)->next;
	w = *at;
	trace_all(m, account, NULL);
	*at = w->next;
	free(w);
}

struct session_registry mail_registry(struct mail *m)
{
	return (struct session_registry){ walk, kick, watch, unwatch, m };
}
