/*
 * mail_visits.c -- sessions of this partition's accounts in others', and of
 * others in ours (imap/visit.h).
 *
 * auth is asked for each visit: it knows who may have let whom in, and makes
 * the stream. What comes from it is believed; what a visitor says is a client's
 * word like any other.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "imap/visit.h"
#include "mailbox/account.h"
#include "roostd/mail_internal.h"

enum { ASK_MS = 60 * 1000, OWNERS_MOST = 10000 };

/* -- questions to auth -- */

struct ask {
	struct ask *next;
	uint64_t request;
	struct arena *arena; /* for names; NULL: none are expected */
	struct slice *names;
	size_t n;
	int fd;
	bool done;
	enum err_code code;
	struct wait_list waiting;
};

static void begin(struct mail *m, struct ask *a, struct frame_out *f,
                  enum frame_type type)
{
	a->request = ++m->last_ask;
	a->fd = -1;
	frame_begin(f, (uint16_t)type);
	frame_u64(f, a->request);
}

static void unlink_ask(struct mail *m, struct ask *a)
{
	struct ask **at = &m->asks;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

/* Suspends. */
static struct err ask(struct mail *m, struct ask *a, struct frame_out *f)
{
	if (m->auth.link == NULL || !is_ok(link_send(m->auth.link, f, -1))) {
		frame_free(f);
		return err(ERR_UNAVAILABLE, "try again later");
	}
	a->next = m->asks;
	m->asks = a;
	while (!a->done)
		if (!task_wait(&a->waiting, ASK_MS))
			break;
	unlink_ask(m, a);
	if (!a->done)
		return err(ERR_UNAVAILABLE, "try again later");
	return a->code == ERR_OK ? OK : err(a->code, "try again later");
}

static void finish(struct ask *a, enum err_code code)
{
	a->code = code;
	a->done = true;
	task_wake_all(&a->waiting);
}

static void take_names(struct ask *a, struct frame_in *f, uint32_t n)
{
	a->names = arena_array(a->arena, n, sizeof *a->names);
	for (a->n = 0; a->n < n; a->n++)
		a->names[a->n] = arena_copy(
			a->arena, frame_read_slice(f, LIMIT_USER_NAME));
}

static bool on_asked(struct mail *m, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint8_t code = read_u8(&f->r);
	uint32_t n = read_u32(&f->r);
	struct ask *a = m->asks;

	while (a != NULL && a->request != request)
		a = a->next;
	if (code >= ERR_CODES || n > LIMIT_FRAME / 4)
		return false;
	if (a == NULL)
		return true; /* who asked has given up */
	if (a->arena != NULL)
		take_names(a, f, n);
	if (f->r.failed)
		a->n = 0;
	a->fd = f->fd;
	f->fd = -1;
	finish(a, (enum err_code)code);
	return true;
}

void mail_fail_asks(struct mail *m)
{
	for (struct ask *a = m->asks; a != NULL; a = a->next)
		if (!a->done)
			finish(a, ERR_UNAVAILABLE);
}

/* -- what sessions ask for -- */

static struct err office_open(void *ctx, uint64_t account,
                              struct slice session_id, bool shared,
                              struct slice owner, int *fd)
{
	struct mail *m = ctx;
	struct ask a = { 0 };
	struct frame_out f = { 0 };
	struct err e;

	begin(m, &a, &f, FRAME_VISIT);
	frame_u64(&f, account);
	frame_slice(&f, session_id);
	frame_u8(&f, shared);
	frame_slice(&f, owner);
	e = ask(m, &a, &f);
	if (is_ok(e) && (a.fd < 0 || !link_is_socket(a.fd, SOCK_STREAM)))
		e = err(ERR_UNAVAILABLE, "try again later");
	if (is_ok(e))
		*fd = a.fd;
	else if (a.fd >= 0)
		close(a.fd);
	return e;
}

/* Pages, until one is empty. */
static struct err office_owners(void *ctx, uint64_t account, bool shared,
                                struct arena *arena, struct slice **names,
                                size_t *n)
{
	struct mail *m = ctx;
	struct slice last = S("");
	struct err e = OK;
	struct ask a;

	*names = NULL;
	*n = 0;
	do {
		struct frame_out f = { 0 };
		struct slice *all;

		a = (struct ask){ .arena = arena };
		begin(m, &a, &f, FRAME_OWNERS);
		frame_u64(&f, account);
		frame_u8(&f, shared);
		frame_slice(&f, last);
		e = ask(m, &a, &f);
		if (!is_ok(e) || a.n == 0)
			break;
		all = arena_array(arena, *n + a.n, sizeof *all);
		for (size_t i = 0; i < *n + a.n; i++)
			all[i] = i < *n ? (*names)[i] : a.names[i - *n];
		*names = all;
		*n += a.n;
		last = a.names[a.n - 1];
	} while (*n < OWNERS_MOST);
	return e;
}

static struct err office_grant(void *ctx, uint64_t owner,
                               struct slice identifier)
{
	struct mail *m = ctx;
	struct ask a = { 0 };
	struct frame_out f = { 0 };

	begin(m, &a, &f, FRAME_GRANT);
	frame_u64(&f, owner);
	frame_slice(&f, identifier);
	return ask(m, &a, &f);
}

struct visit_office mail_office(struct mail *m)
{
	return (struct visit_office){ office_open, office_owners, office_grant,
		                      m };
}

/* -- visitors -- */

struct mail_visitor {
	struct mail_visitor *next;
	struct mail *mail;
	struct conn *conn;
	uint64_t owner;
	uint64_t account; /* the visitor's */
};

static void on_end(void *arg, const struct conn_left *left)
{
	struct mail_visitor *v = arg;
	struct mail *m = v->mail;
	struct mail_visitor **at = &m->visitors;

	if (left != NULL)
		close(left->fd); /* a visit has nowhere to go back to */
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	free(v);
	mail_check_end(m);
}

static void start(struct mail *m, struct frame_in *f, uint64_t owner,
                  struct session_start *start)
{
	struct mail_visitor *v = mem_new(1, sizeof *v);

	v->mail = m;
	v->owner = owner;
	v->account = start->visitor->account;
	v->next = m->visitors;
	m->visitors = v;
	v->conn = conn_start(m->loop, f->fd, start, on_end, v);
	f->fd = -1;
}

static bool on_visitor(struct mail *m, struct frame_in *f)
{
	struct identity who = { 0 };
	struct slice groups[LIMIT_GROUPS];
	uint64_t owner = read_u64(&f->r);
	struct session_start s = { .config = &m->session_config,
		                   .login_tag = S("visit"),
		                   .visitor = &who };
	uint32_t n;

	who.account = read_u64(&f->r);
	who.name = frame_read_slice(f, LIMIT_USER_NAME);
	s.session_id = frame_read_slice(f, SESSION_ID_SIZE);
	s.prefix = frame_read_slice(f, LIMIT_LINE);
	n = read_u32(&f->r);
	for (; who.n_groups < n && who.n_groups < LIMIT_GROUPS; who.n_groups++)
		groups[who.n_groups] = frame_read_slice(f, LIMIT_GROUP_NAME);
	who.groups = groups;
	if (!frame_is_whole(f) || !link_is_socket(f->fd, SOCK_STREAM) ||
	    s.prefix.len == 0)
		return false;
	if (!m->stopping && is_ok(account_open(m->model, owner, &s.account)))
		start(m, f, owner, &s);
	return true;
}

static void end_visits(struct mail *m, uint64_t owner, uint64_t visitor,
                       const char *text)
{
	for (struct mail_visitor *v = m->visitors; v != NULL; v = v->next)
		if ((owner == 0 || v->owner == owner) &&
		    (visitor == 0 || v->account == visitor))
			conn_dismiss(v->conn, text);
}

void mail_end_visits(struct mail *m, uint64_t owner, const char *text)
{
	end_visits(m, owner, 0, text);
}

static bool on_visitor_end(struct mail *m, struct frame_in *f)
{
	uint64_t visitor = read_u64(&f->r);

	if (!frame_is_whole(f) || visitor == 0)
		return false;
	end_visits(m, 0, visitor, "who visits has other groups");
	return true;
}

bool mail_on_visit(struct mail *m, struct frame_in *f)
{
	switch (f->type) {
	case FRAME_ASKED:
		return on_asked(m, f);
	case FRAME_VISITOR:
		return on_visitor(m, f);
	default:
		return on_visitor_end(m, f);
	}
}
